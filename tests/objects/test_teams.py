"""Eight processes at once: no update is lost, no wake-up, nobody is inside who should not be.

They start once and play one game after the other, because starting takes longer than all of them.
"""

from __future__ import annotations

import shared_state

from ..fixtures.servers import ThreadServer
from ..fixtures.teams import TEAM_SIZE, play
from ..fixtures.watching import LONG_S

TURNS = 20
PERMITS = 3


def add_under_an_rlock(client: shared_state.Client, number: int) -> None:
    leader, counts = client.rlock("leader"), client.dict("counts")
    for _ in range(TURNS):
        with leader, leader:
            counts["added"] = counts["added"] + 1


def share_permits(client: shared_state.Client, number: int) -> None:
    for kind in (client.semaphore, client.bounded_semaphore):
        slots, counts = kind(kind.__name__, PERMITS), client.dict("counts")
        for _ in range(TURNS):
            with slots:
                assert 0 < counts.add(kind.__name__, 1) <= PERMITS
                counts.add(kind.__name__, -1)


def pass_items_on(client: shared_state.Client, number: int) -> None:
    """Half of them add items, the others take them; a lost wake-up lets somebody wait for ever."""
    changed, counts = client.condition("changed"), client.dict("counts")
    for _ in range(TURNS):
        with changed:
            if number % 2:
                counts["items"] = counts["items"] + 1
                changed.notify()
            else:
                assert changed.wait_for(lambda: counts["items"] > 0, LONG_S)
                counts["items"] -= 1


def meet(client: shared_state.Client, number: int) -> None:
    counts, start = client.dict("counts"), client.barrier("start", TEAM_SIZE)
    acting = client.barrier("acting", TEAM_SIZE, lambda: counts.add("acted", 1))
    for turn in range(TURNS):
        counts.add(("came", turn), 1)
        counts.add(("indices", turn), start.wait(LONG_S))
        assert counts["came", turn] == TEAM_SIZE
        acting.wait(LONG_S)
        assert counts["acted"] >= turn + 1


def hear_of_it(client: shared_state.Client, number: int) -> None:
    for turn in range(TURNS):
        ready = client.event(f"ready {turn}")
        if number == turn % TEAM_SIZE:
            ready.set()
        assert ready.wait(LONG_S)


GAMES = [add_under_an_rlock, share_permits, pass_items_on, meet, hear_of_it]


def play_all(client: shared_state.Client, number: int) -> None:
    for game in GAMES:
        game(client, number)
        client.dict("played").add(game.__name__, 1)


def test_eight_processes_agree(server: ThreadServer, client: shared_state.Client) -> None:
    counts = client.dict("counts")
    counts.update({"added": 0, "items": 0})
    play(server, play_all)
    assert client.dict("played") == {game.__name__: TEAM_SIZE for game in GAMES}
    assert counts["added"] == TURNS * TEAM_SIZE
    assert [counts["items"], counts["acted"]] == [0, TURNS]
    indices = {counts["indices", turn] for turn in range(TURNS)}
    assert indices == {sum(range(TEAM_SIZE))}
    assert [info.name for info in client.objects() if info.owners or info.waiters] == []
