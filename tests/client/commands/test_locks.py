"""``shared-state locks``: the same facts for a person, a pipe and a program."""

from __future__ import annotations

import io
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from rich.console import Console

import shared_state
from shared_state import Holding, LockInfo, Owner
from shared_state.commands.locks import as_dict, rows, table

from ...fixtures.agents import Agents
from ...fixtures.clients import Either
from ...fixtures.watching import LONG_S, until, waiting

HOLDER, WAITER = Owner("db1", 4711, "MainThread", 3.4), Owner("db2", 12, "asyncio", 1.2)
LEADER = LockInfo("[bold]", "lock", [Holding(HOLDER, 140_000, 17, True)], [WAITER])


def test_a_line_is_a_holder_or_a_waiter() -> None:
    assert list(rows(LEADER)) == [
        ("[bold]", "lock", "held", "db1", "4711", "MainThread", "3 s", "17", "abandoned"),
        ("[bold]", "lock", "waits", "db2", "12", "asyncio", "1 s", "", ""),
    ]


def test_a_task_has_a_number_and_no_name() -> None:
    of_a_task = LEADER._replace(holdings=[Holding(WAITER, 5, 17, False)], waiters=[])
    assert [row[5] for row in rows(of_a_task)] == ["asyncio task 5"]


def test_json_names_every_fact() -> None:
    held = {"owner": HOLDER._asdict(), "agent": 140_000, "token": 17, "abandoned": True}
    about = {"name": "[bold]", "type": "lock", "holdings": [held], "waiters": [WAITER._asdict()]}
    assert as_dict(LEADER) == about


def test_a_name_on_a_terminal_is_text_and_not_markup() -> None:
    screen = io.StringIO()
    Console(file=screen, width=120).print(table([LEADER]))
    assert "│ [bold] │ lock │ held " in screen.getvalue()
    assert "1 held or waited for" in screen.getvalue()


@pytest.mark.parametrize("kind", ["lock", "rlock", "condition", "semaphore"])
def test_a_server_says_who_holds_and_who_waits(
    either: Either, other: shared_state.Client, threads: ThreadPoolExecutor, kind: str
) -> None:
    assert either.locks() == []
    held = getattr(other, kind)("leader")
    held.acquire()
    acquiring = threads.submit(getattr(either, kind)("leader").acquire, True, LONG_S)
    until(lambda: waiting(other, "leader") == 1)
    (info,) = other.locks()
    ((owner, _, token, abandoned),) = info.holdings
    assert (info.name, info.type, abandoned) == ("leader", kind, False)
    assert (owner.host, owner.pid, owner.thread) == (
        socket.gethostname(),
        os.getpid(),
        "MainThread",
    )
    assert [each.pid for each in info.waiters] == [os.getpid()]
    assert 0 <= info.waiters[0].seconds < LONG_S
    if kind != "semaphore":
        assert token == held.grant.token
    held.release()
    assert acquiring.result() is True
    assert [len(info.waiters) for info in either.locks()] == [0]


def test_sleepers_wait_for_a_condition(agents: Agents, either: Either) -> None:
    sleeper, changer = agents(2)
    changed = sleeper.condition("changed")
    changed.acquire()
    asleep = sleeper._submit(changed._target.wait)
    until(lambda: bool(waiting(either, "changed")))
    (info,) = either.locks()
    assert (info.holdings, len(info.waiters)) == ([], 1)
    changing = changer.condition("changed")
    changing.acquire()
    changing.notify()
    changing.release()
    assert asleep.result(LONG_S) is True


def test_what_is_free_is_not_listed(client: shared_state.Client) -> None:
    client.dict("d")
    client.semaphore("slots", 1)
    with client.lock("leader"), client.value("v", "i"):
        assert [info.name for info in client.locks()] == ["leader", "v"]
    assert client.locks() == []
