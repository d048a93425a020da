"""Counting words: plain Python, checked by counting another way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from shared_state.commands.demo.counting import Tally, count_files, count_words

WORDS = st.from_regex(r"[a-zA-Zäß_][a-zA-Zäß_0-9]*", fullmatch=True)


@given(st.lists(WORDS), st.sampled_from([" ", "\n", ", ", " + ", "(", "; 1 "]))
def test_words_are_counted_whatever_stands_between(words: list[str], between: str) -> None:
    assert count_words(between.join(words)) == Counter(words)


def test_a_number_is_no_word() -> None:
    assert count_words("x1 = 10 + 0.5") == Counter({"x1": 1})


def test_a_file_is_read_in_the_encoding_that_it_declares(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes("# coding: latin-1\nschön = 1\n".encode("latin-1"))
    assert count_files([str(file)]).words["schön"] == 1


def test_the_words_of_several_files_are_added(tmp_path: Path) -> None:
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("import this\n")
    tally = count_files([str(tmp_path / "a.py"), str(tmp_path / "b.py")])
    assert tally == Tally(Counter({"import": 2, "this": 2}), [])


def test_a_file_that_cannot_be_read_is_a_problem_with_a_name(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.py", tmp_path / "good.py"
    bad.write_text("# coding: no-such-encoding\n")
    good.write_text("pass")
    tally = count_files([str(bad), str(good), str(tmp_path / "gone.py")])
    assert tally.words == Counter({"pass": 1})
    assert tally.problems == [f"{bad}: SyntaxError", f"{tmp_path / 'gone.py'}: FileNotFoundError"]
