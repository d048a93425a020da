"""What the kernel knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.performance import process
from tests.performance.process import Processors


def test_stolen_is_the_share_of_all_processors_time_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat = tmp_path / "stat"
    monkeypatch.setattr(process, "PROCESSORS", stat)
    stat.write_text("cpu  10 10 10 10 10 10 10 10 99 99\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
    processors = Processors()
    stat.write_text("cpu  30 10 20 60 10 10 10 30 999 999\ncpu0 1 1 1 1 1 1 1 1 0 0\n")

    assert processors.stolen() == 0.2


def test_the_kernel_tells_what_is_stolen() -> None:
    assert 0 <= Processors().stolen() <= 1
