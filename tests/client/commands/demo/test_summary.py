"""The summary, and above all how two counts differ."""

from __future__ import annotations

from collections import Counter

import pytest

from shared_state.commands.demo.counting import Tally
from shared_state.commands.demo.summary import Count, difference, summary


def count(text: str = "a a b", problems: tuple[str, ...] = (), files: int = 2) -> Count:
    tally = Tally(Counter(text.split()), list(problems))
    return Count(tally, files, seconds=0.5, operations=100, transports={"unix"})


def test_equal_counts_do_not_differ() -> None:
    assert difference(count(), count("a b a")) == ""


def test_problems_may_come_in_another_order() -> None:
    assert difference(count(problems=("x", "y")), count(problems=("y", "x"))) == ""


@pytest.mark.parametrize(
    ("together", "alone", "said"),
    [
        (count("a b"), count("a a b"), "1 words have other counts: 'a' 1 times together, 2 alone"),
        (
            count("a c"),
            count("a b"),
            "2 words have other counts: 'b' 0 times.*; 'c'",
        ),
        (count(files=1), count(), "1 files were counted together, 2 alone"),
        (count(problems=("x",)), count(), r"problems with \['x'\] together, \[\] alone"),
    ],
)
def test_a_difference_is_described(together: Count, alone: Count, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(difference(together, alone))


def test_only_some_words_are_named() -> None:
    assert difference(count("a b c d e"), count("")).count("together") == 3


def test_an_entry_of_the_log_is_added() -> None:
    counted = count(files=2)
    counted.add({"worker": 1, "files": 3, "problems": ["x"], "operations": 7, "transport": "tcp"})
    assert (counted.files, counted.operations) == (5, 107)
    assert counted.transports == {"unix", "tcp"}
    assert counted.tally.problems == ["x"]


def test_the_summary_has_the_figures() -> None:
    lines = summary(count("a a a b"), count("a a a b"), workers=4).splitlines()
    assert "4 worker processes" in lines[0]
    figures = dict(line.split("  ", 1) for line in lines[1:])
    assert {name: text.strip() for name, text in figures.items()} == {
        "files": "2, 0 of them not readable",
        "words": "4",
        "distinct words": "2",
        "seconds": "0.5 together, 0.5 alone",
        "operations": "100, 200 a second",
        "transport": "unix",
        "top 10 words": "a 3, b 1",
    }
