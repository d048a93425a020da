"""The report as it is written for a stranger."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.performance import report
from tests.performance.measuring import Effort
from tests.performance.peers.echo import Echo
from tests.performance.peers.shared_state import SharedState
from tests.performance.table import Promise, Section

BARS = {("shared-state", "TCP"): 2.0, ("redis-py", "Unix"): 1.0}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the charts, which are not drawn: matplotlib need not be here."""
    names: list[str] = []

    def note_bars(section: Section, path: Path) -> None:
        names.append(path.name)

    def note_lines(title: str, unit: str, lines: Mapping[object, object], path: Path) -> None:
        names.append(path.name)

    monkeypatch.setattr(report, "draw_bars", note_bars)
    monkeypatch.setattr(report, "draw_lines", note_lines)
    return names


def test_the_machine_comes_first_then_what_was_wanted_and_every_chart_is_shown(
    tmp_path: Path, drawn: list[str]
) -> None:
    head = report.heading([Echo("TCP"), SharedState("TCP")], Effort(5, 0.4))
    promise = Promise("work", "them", "≥ 1", "2", kept=True)
    sections = [
        Section("set-get-1", "One", "", ("a",), [("1",)], [promise], bars=BARS),
        Section("other", "Other", "", ("a",), [("1",)]),
    ]

    report.write(tmp_path, head, sections)

    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert re.findall("^#+ (.*)$", text, re.MULTILINE) == [
        "Performance, side by side",
        "The machine and the method",
        "Wanted",
        "Set and get, by the number of clients",
        "One",
        "Other",
    ]
    assert (
        re.findall(r"\]\((.*\.png)\)", text) == drawn == ["set-get-by-clients.png", "set-get-1.png"]
    )
    assert "5 rounds" in text


def test_the_profile_is_linked_if_there_is_one(tmp_path: Path, drawn: list[str]) -> None:
    sections = [Section("x", "X", "", (), [], [Promise("a", "b", "c", "d", kept=False)])]
    assert report.PROFILE not in report.wanted(tmp_path, sections)

    (tmp_path / report.PROFILE).write_text("why")

    assert f"]({report.PROFILE})" in report.wanted(tmp_path, sections)


def test_the_rate_by_clients_has_a_line_for_each_peer() -> None:
    sections = [Section(name, "", "", (), [], bars=BARS) for name in ("set-get-1", "set-get-8")]

    assert report.by_clients(sections) == {who: {1: rate, 8: rate} for who, rate in BARS.items()}
