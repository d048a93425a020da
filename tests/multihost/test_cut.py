"""The cable of worker-3 is pulled, while it holds and while it waits.

Nothing tells the server: neither a FIN nor a reset can come. It has to miss the host by itself,
after the peer timeout, and to give it up after the grace period, in which it might have come back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.multihost.fleet import DEADLINE_S, PEER_TIMEOUT_S, expect_end, hold, park
from tests.multihost.holder import LOST, let_go
from tests.multihost.waiter import CUT_OFF

if TYPE_CHECKING:
    import shared_state
    from tests.multihost.fleet import Cable, Host


def test_a_short_cut_costs_nothing(
    client: shared_state.Client, hosts: dict[str, Host], cable: Cable, name: str
) -> None:
    lock = client.lock(name)
    hold(client, hosts["worker-3"], "holder", name)
    cable.cut()
    assert not lock.acquire(timeout=PEER_TIMEOUT_S / 3)
    cable.mend()
    client.queue(let_go("holder")).put("now")
    assert lock.acquire(timeout=DEADLINE_S)
    assert hosts["worker-3"].finish("holder") == 0
    lock.release()


def test_a_lock_goes_on_when_its_holder_is_cut_off(
    client: shared_state.Client, hosts: dict[str, Host], cable: Cable, name: str
) -> None:
    lock = client.lock(name)
    hold(client, hosts["worker-3"], "victim", name)
    cable.cut()
    assert lock.acquire(timeout=DEADLINE_S)
    cable.mend()
    assert hosts["worker-3"].finish("victim") == LOST
    owner = lock.owner()
    assert owner is not None
    assert owner.host == "test"
    lock.release()


def test_an_item_comes_back_when_its_consumer_is_cut_off(
    client: shared_state.Client, hosts: dict[str, Host], cable: Cable, name: str
) -> None:
    queue = client.queue(name)
    park(client, hosts["worker-3"], "victim", "get", name)
    cable.cut()
    queue.put("letter")
    assert queue.get(timeout=DEADLINE_S) == "letter"
    cable.mend()
    expect_end(client, "victim", CUT_OFF, DEADLINE_S)
    assert hosts["worker-3"].finish("victim") == 0


def test_nobody_else_is_harmed_by_a_cut(
    client: shared_state.Client, hosts: dict[str, Host], cable: Cable, name: str
) -> None:
    lost, kept, mail = f"{name}: lost", f"{name}: kept", f"{name}: mail"
    hold(client, hosts["worker-3"], "victim", lost)
    bystander = hold(client, hosts["worker-1"], "bystander", kept)
    park(client, hosts["worker-2"], "onlooker", "get", mail)
    cable.cut()
    park(client, hosts["producer-1"], "heir", "acquire", lost)
    expect_end(client, "heir", True, DEADLINE_S)
    owner = client.lock(kept).owner()
    assert owner is not None
    assert (owner.host, owner.pid) == ("worker-1", bystander)
    client.queue(mail).put("letter")
    expect_end(client, "onlooker", "letter", DEADLINE_S)
    client.queue(let_go("bystander")).put("now")
    ends = {"worker-1": "bystander", "worker-2": "onlooker", "producer-1": "heir"}
    assert [hosts[host].finish(label) for host, label in ends.items()] == [0, 0, 0]
    cable.mend()
    hosts["worker-3"].kill("victim")
