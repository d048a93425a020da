"""Instances of a program's own classes: as values, as keys, as arguments and as results."""

from __future__ import annotations

import dataclasses
import enum
from collections import namedtuple
from multiprocessing.managers import BaseManager, SyncManager
from typing import Any

from tests.managers.programs.stage import KEY, LOOPBACK, Address, play


@dataclasses.dataclass(frozen=True)
class Job:
    name: str
    size: int = 1


class Colour(enum.Enum):
    RED = 1


Point = namedtuple("Point", "x y")  # what older programs have


class Node:
    def __init__(self, value: Any) -> None:
        self.value = value
        self.next: Any = self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


class Planner:
    def plan(self, job: Job) -> list[Job]:
        return [dataclasses.replace(job, size=size) for size in range(job.size)]


class Manager(SyncManager):
    pass


Manager.register("Planner", Planner)


def serve() -> BaseManager:
    return Manager(LOOPBACK, KEY)


def use(address: Address) -> None:
    manager: Any = Manager(address, KEY)
    manager.connect()
    jobs, done = manager.Queue(), manager.dict()
    jobs.put(Job("a", 2))
    done[Job("k")] = Colour.RED
    done[Colour.RED] = Point(1, 2)
    print(jobs.get(), done[Job("k")] is Colour.RED, done[Colour.RED], Job("k") in done)
    print(manager.Planner().plan(Job("p", 2)))
    nodes = manager.list([Node(1), Node(2)])
    print(nodes[0].value, nodes[0].next is not None, nodes.index(Node(2)), Node(3) in nodes)
    print(
        nodes[0].next.next.value, str(manager.list([Point(1, 2)])), print in manager.list([print])
    )


if __name__ == "__main__":
    play(serve, use)
