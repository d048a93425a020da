"""The firewall of worker-3 closes, in one direction or both, in silence or with resets.

Where only one direction is closed, one side goes on talking to somebody who cannot answer. Resets
on the way out reach the host's own clients, and the server hears nothing; on the way in they are
the answer to what the server sends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.multihost.counter import enough, log, total
from tests.multihost.fleet import DEADLINE_S, PEER_TIMEOUT_S, claim, hold, park
from tests.multihost.waiter import ENDED

if TYPE_CHECKING:
    import shared_state
    from tests.multihost.fleet import Cable, Host

ONE_WAY = ["drop in", "drop out", "reset in", "reset out"]  # for both ways see `test_cut`
WAYS_TO_CLOSE = [*ONE_WAY, "drop both"]


@pytest.mark.parametrize("how", ONE_WAY)
def test_what_a_host_behind_it_has_goes_to_others(
    client: shared_state.Client, hosts: dict[str, Host], cable: Cable, name: str, how: str
) -> None:
    lock, jobs, mail = (
        client.lock(name),
        client.queue(f"{name}: jobs"),
        client.queue(name + ": mail"),
    )
    worker = hosts["worker-3"]
    jobs.put("job")
    claim(client, worker, "claimer", f"{name}: jobs")
    hold(client, worker, "holder", name)
    park(client, worker, "waiter", "get", f"{name}: mail")
    cable.close_firewall(how)
    mail.put("letter")
    assert lock.acquire(timeout=DEADLINE_S)
    assert mail.get(timeout=DEADLINE_S) == "letter"
    again = jobs.claim(timeout=DEADLINE_S)
    with again as job:
        assert (job, again.attempt) == ("job", 2)
    cable.mend()
    for victim in ("claimer", "holder", "waiter"):
        worker.kill(victim)
    ended = client.queue(ENDED)  # perhaps with the waiter's last word, which nobody waits for
    if ended.qsize():
        ended.get_nowait()
    assert lock.locked()
    lock.release()
    assert (mail.qsize(), jobs.qsize()) == (0, 0)


def test_nothing_happens_twice_or_not_at_all_when_it_opens_in_time(
    client: shared_state.Client, hosts: dict[str, Host], cable: Cable, name: str
) -> None:
    hosts["worker-3"].start("counter", "counter", name)
    for how in WAYS_TO_CLOSE:
        await_progress(client, name)
        cable.close_firewall(how)
        client.event(enough(name)).wait(PEER_TIMEOUT_S / 4)
        cable.mend()
    await_progress(client, name)
    client.event(enough(name)).set()
    counted = client.queue(total(name)).get(timeout=DEADLINE_S)
    assert client.dict(name)["counter"] == counted
    assert client.list(log(name)).copy() == list(range(counted))
    assert hosts["worker-3"].finish("counter") == 0


def await_progress(client: shared_state.Client, name: str) -> None:
    """Return when the counter has counted on."""
    seen = client.list(log(name))
    before, looks = len(seen), int(DEADLINE_S / LOOK_INTERVAL_S)
    for _ in range(looks):
        if len(seen) > before:
            return
        client.event(enough(name)).wait(LOOK_INTERVAL_S)
    raise AssertionError("it does not count on")


LOOK_INTERVAL_S = 0.05
