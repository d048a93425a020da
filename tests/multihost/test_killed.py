"""`kill -9` of a process that waits, and of one that holds, in its own container.

Each scene has a victim on one host and an heir on another. The news of the victim's end reaches
the server by itself, as the kernel closes a dead process's connection. So the heir has to be served
before the shortest of the server's timeouts can have run out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.multihost.fleet import (
    PEER_TIMEOUT_S,
    SESSION_GRACE_S,
    expect_end,
    hold,
    park,
)

if TYPE_CHECKING:
    import shared_state
    from tests.multihost.fleet import Host

AT_ONCE_S = min(PEER_TIMEOUT_S, SESSION_GRACE_S)


def test_an_item_passes_by_a_consumer_that_was_killed(
    client: shared_state.Client, hosts: dict[str, Host], name: str
) -> None:
    queue = client.queue(name)
    park(client, hosts["worker-1"], "victim", "get", name)
    park(client, hosts["worker-2"], "heir", "get", name)
    hosts["worker-1"].kill("victim")
    queue.put("letter")
    expect_end(client, "heir", "letter", AT_ONCE_S)
    assert hosts["worker-2"].finish("heir") == 0
    assert queue.empty()


def test_an_item_stays_when_the_only_consumer_was_killed(
    client: shared_state.Client, hosts: dict[str, Host], name: str
) -> None:
    queue = client.queue(name)
    park(client, hosts["worker-1"], "victim", "get", name)
    hosts["worker-1"].kill("victim")
    queue.put("letter")
    assert queue.get(timeout=AT_ONCE_S) == "letter"
    assert queue.empty()


def test_a_lock_passes_by_a_waiter_that_was_killed(
    client: shared_state.Client, hosts: dict[str, Host], name: str
) -> None:
    lock = client.lock(name)
    with lock:
        park(client, hosts["worker-1"], "victim", "acquire", name)
        park(client, hosts["worker-2"], "heir", "acquire", name)
        hosts["worker-1"].kill("victim")
    expect_end(client, "heir", True, AT_ONCE_S)
    assert hosts["worker-2"].finish("heir") == 0


def test_a_lock_goes_on_at_once_when_its_holder_is_killed(
    client: shared_state.Client, hosts: dict[str, Host], name: str
) -> None:
    victim = hold(client, hosts["worker-1"], "victim", name)
    owner = client.lock(name).owner()
    assert owner is not None
    assert (owner.host, owner.pid) == ("worker-1", victim)
    park(client, hosts["worker-2"], "heir", "acquire", name)
    hosts["worker-1"].kill("victim")
    expect_end(client, "heir", True, AT_ONCE_S)
    assert hosts["worker-2"].finish("heir") == 0


def test_a_lock_is_free_after_its_holder_and_its_heir_were_killed(
    client: shared_state.Client, hosts: dict[str, Host], name: str
) -> None:
    hold(client, hosts["worker-1"], "victim", name)
    park(client, hosts["worker-2"], "heir", "acquire", name)
    hosts["worker-2"].kill("heir")
    hosts["worker-1"].kill("victim")
    lock = client.lock(name)
    assert lock.acquire(timeout=AT_ONCE_S)
    lock.release()
    assert not lock.locked()
