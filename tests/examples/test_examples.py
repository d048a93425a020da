"""The examples do what they say, as separate processes that share an address and a key."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..fixtures.servers import ThreadServer

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = sorted(path.name for path in EXAMPLES.glob("*.py"))
PATIENCE_S = 60


class Play:
    """A program's roles, each a process."""

    def __init__(self, server: ThreadServer, program: str) -> None:
        host, port = server.address
        self._environment = {
            **os.environ,
            "SHARED_STATE_ADDRESS": f"{host}:{port}",
            "SHARED_STATE_AUTHKEY": server.settings.authkey.decode(),
        }
        self._program = EXAMPLES / program

    def start(self, role: str) -> subprocess.Popen[str]:
        """Start one role."""
        return subprocess.Popen(
            [sys.executable, str(self._program), role],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *roles: str) -> list[list[str]]:
        """Start the roles in this order, wait for all, and return what each printed."""
        processes = [self.start(role) for role in roles]
        printed = [process.communicate(timeout=PATIENCE_S)[0] for process in processes]
        assert [process.returncode for process in processes] == [0] * len(roles), printed
        return [each.splitlines() for each in printed]


@pytest.mark.parametrize("roles", [("parent", "child"), ("child", "parent")])
def test_a_value_through_a_queue(server: ThreadServer, roles: tuple[str, str]) -> None:
    printed = dict(zip(roles, Play(server, "hello_queue.py").run(*roles), strict=True))
    assert printed == {"parent": ["[42, None, 'hello']"], "child": []}


@pytest.mark.parametrize("roles", [("parent", "child"), ("child", "parent")])
def test_both_ends_of_a_pipe(server: ThreadServer, roles: tuple[str, str]) -> None:
    printed = dict(zip(roles, Play(server, "hello_pipe.py").run(*roles), strict=True))
    assert printed["child"] == ["thank you"]
    assert printed["parent"] == ["[42, None, 'hello']", "nothing more"]


def test_the_parent_learns_that_the_child_is_gone(server: ThreadServer) -> None:
    parent = Play(server, "hello_pipe.py").start("parent")
    with server.connect() as state:
        end, _ = state.pipe("hello pipe")
        end.send("from a child that does not close its end")
        assert end.recv() == "thank you"
    printed, _ = parent.communicate(timeout=PATIENCE_S)
    assert printed.splitlines() == ["from a child that does not close its end", "nothing more"]


def test_one_writes_and_one_reads(server: ThreadServer) -> None:
    reader, writer = Play(server, "writer_and_reader.py").run("reader", "writer")
    assert reader[1:] == [f"get {letter} from queue" for letter in "ABC"] + ["no more letters"]
    assert writer[1:] == [f"put {letter} to queue" for letter in "ABC"]


def test_ten_processes_write_one_dict_and_one_list(server: ThreadServer) -> None:
    shown, items = Play(server, "dict_and_list.py").run("main", *["worker"] * 10)[0]
    expected = {1: "1", "2": 2, 0.25: None, "workers": 10, "record": list(range(10))}
    assert ast.literal_eval(shown) == expected
    assert ast.literal_eval(items) == sorted([*range(10), *[1] * 10])


def test_a_double_and_arrays_of_ints(server: ThreadServer) -> None:
    shown, _ = Play(server, "value_and_array.py").run("main", "child")
    assert float(shown[0]) == 4.1415927
    assert [ast.literal_eval(line) for line in shown[1:4]] == [
        [-each for each in range(10)],
        [1, 2, 3, 4, 101],
        [0] * 10,
    ]
    assert shown[4:] == ["too large for an int, and nothing has changed"]


@pytest.mark.parametrize("roles", [[], ["boss"]], ids=["none", "another"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_role_that_is_missing_or_wrong_gets_a_line_that_names_them(
    program: str, roles: list[str]
) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / program), *roles],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"usage: {program} [-h] {{")


def test_no_two_examples_share_an_object() -> None:
    opened = re.compile(r"state\.\w+\(\s*[\"']([^\"']+)[\"']")
    names = [
        name
        for program in PROGRAMS
        for name in set(opened.findall((EXAMPLES / program).read_text(encoding="utf-8")))
    ]
    assert len(names) >= len(PROGRAMS)
    assert sorted(names) == sorted(set(names))


def test_every_example_is_listed_and_every_listed_one_is_there() -> None:
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in PROGRAMS if f"[{name}]({name})" in listed] == PROGRAMS
    assert listed.count(".py](") == len(PROGRAMS)


def test_a_pool_survives_its_workers(server: ThreadServer) -> None:
    play = Play(server, "worker_pool.py")
    main = play.start("main")
    crashed = [play.start("worker") for _ in range(3)]
    for each in crashed:
        each.communicate(timeout=PATIENCE_S)
    assert [each.returncode for each in crashed] == [1, 1, 1]
    survivor = play.start("worker")
    assert main.communicate(timeout=PATIENCE_S)[0].splitlines()[1] == "given up: ['crash']"
    assert survivor.communicate(timeout=PATIENCE_S)[0].endswith("no more jobs\n")
    assert (main.returncode, survivor.returncode) == (0, 0)
    with server.connect() as state:
        assert state.dict("pool results") == {"2": "4", "3": "9", "4": "16"}
