"""What only newer versions of the standard library have: prints what there is."""

from __future__ import annotations

from multiprocessing.managers import SyncManager
from typing import Any

from tests.managers.programs.stage import play_alone


def main() -> None:
    with SyncManager() as started:
        manager: Any = started
        print(hasattr(manager, "set"), hasattr(manager.Lock(), "locked"))


if __name__ == "__main__":
    play_alone(main)
