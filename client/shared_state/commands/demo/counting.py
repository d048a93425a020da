"""Counting words: plain Python, which knows nothing of processes or servers.

The demo counts twice with these functions, once shared between processes and once alone, and the
two results have to be equal.
"""

from __future__ import annotations

import re
import tokenize
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = ["Tally", "count_files", "count_words"]

WORD = re.compile(r"[^\W\d]\w*")
"""What Python would take for a name or a keyword, wherever it stands."""


@dataclass
class Tally:
    """The words of some files, and the files that are not text in the encoding they claim."""

    words: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def add_file(self, path: str) -> None:
        """Count the words of one file; one that cannot be read is a problem, not an error."""
        try:
            with tokenize.open(path) as file:  # heeds the encoding that a Python file declares
                self.words.update(count_words(file.read()))
        except (OSError, SyntaxError, UnicodeDecodeError) as error:
            self.problems.append(f"{path}: {type(error).__name__}")


def count_files(paths: Iterable[str]) -> Tally:
    """Count the words of all `paths`."""
    tally = Tally()
    for path in paths:
        tally.add_file(path)
    return tally


def count_words(text: str) -> Counter[str]:
    """Count the words of `text`."""
    return Counter(WORD.findall(text))
