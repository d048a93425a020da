"""Blocks of shared memory whose end is a manager's."""

from __future__ import annotations

import multiprocessing
from multiprocessing import shared_memory
from multiprocessing.managers import SharedMemoryManager
from typing import Any

from tests.managers.programs.stage import attempt, play_alone


def double(name: str) -> None:
    numbers: Any = shared_memory.ShareableList(name=name)
    for index, number in enumerate(numbers):
        numbers[index] = number * 2
    numbers.shm.close()


def main() -> None:
    with SharedMemoryManager() as manager:
        numbers: Any = manager.ShareableList([1, 2, 3])
        process = multiprocessing.Process(target=double, args=(numbers.shm.name,))
        process.start()
        process.join()
        print(list(numbers), process.exitcode)
        block: Any = manager.SharedMemory(size=16)
        block.buf[:4] = b"data"
        print(bytes(block.buf[:4]), block.size >= 16)
        names = [numbers.shm.name, block.name]
        numbers.shm.close()
        block.close()
    for name in names:
        attempt(shared_memory.SharedMemory, name)


if __name__ == "__main__":
    play_alone(main)
