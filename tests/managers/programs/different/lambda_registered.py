"""A lambda is registered, and the manager started by spawn: prints whether the error names it."""

from __future__ import annotations

from multiprocessing.managers import BaseManager

from tests.managers.programs.stage import play_alone


class Manager(BaseManager):
    pass


Manager.register("settings", callable=lambda: {"threads": 4})


def main() -> None:
    try:
        Manager().start()
    except Exception as error:  # noqa: BLE001  # what it is depends on the version
        print("settings" in str(error))


if __name__ == "__main__":
    play_alone(main)
