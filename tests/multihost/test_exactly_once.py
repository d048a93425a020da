"""Three hosts make jobs, three do them, all at once; then the books are audited."""

from __future__ import annotations

import itertools
import socket
from typing import TYPE_CHECKING

import pytest

from tests.multihost import producer, worker
from tests.multihost.fleet import DEADLINE_S, PRODUCERS, WORKERS

if TYPE_CHECKING:
    import shared_state
    from tests.multihost.fleet import Host
    from tests.multihost.producer import Job
    from tests.multihost.worker import Visit

JOBS_PER_AUTHOR = 250
AUTHORS = (*PRODUCERS, socket.gethostname())
ORDERED = [job for author in AUTHORS for job in producer.jobs_of(author, JOBS_PER_AUTHOR)]
CREW = {f"{host}/{number}": host for host in WORKERS for number in (1, 2)}
"""Two processes on each worker, so that the lock has rivals on its own host and on others."""


@pytest.fixture(scope="module")
def books(client: shared_state.Client, hosts: dict[str, Host]) -> shared_state.Client:
    """The client, after all the work is done."""
    muster(client, hosts)
    for author in PRODUCERS:
        hosts[author].start(author, "producer", str(JOBS_PER_AUTHOR))
    producer.produce(client, socket.gethostname(), JOBS_PER_AUTHOR)
    assert [hosts[author].finish(author) for author in PRODUCERS] == [0, 0]
    jobs = client.queue(producer.JOBS)
    assert jobs.join(timeout=DEADLINE_S)
    jobs.shutdown()
    assert [hosts[host].finish(label) for label, host in CREW.items()] == [0] * len(CREW)
    return client


def muster(client: shared_state.Client, hosts: dict[str, Host]) -> None:
    """Start the whole crew and wait until everybody is there."""
    client.dict(worker.TOTALS)["jobs"] = 0
    for label, host in CREW.items():
        hosts[host].start(label, "worker")
    present = {client.queue(worker.READY).get(timeout=DEADLINE_S) for _ in CREW}
    assert present == set(CREW)


def test_a_list_has_every_append_of_every_host_once(books: shared_state.Client) -> None:
    announced: list[Job] = books.list(producer.ANNOUNCED).copy()
    assert sorted(announced) == sorted(ORDERED)


def test_a_list_keeps_the_order_of_each_host(books: shared_state.Client) -> None:
    announced: list[Job] = books.list(producer.ANNOUNCED).copy()
    for author in AUTHORS:
        own = [job for job in announced if job[0] == author]
        assert own == producer.jobs_of(author, JOBS_PER_AUTHOR)


def test_a_dict_has_every_key_of_every_host(books: shared_state.Client) -> None:
    assert books.dict(producer.AUTHORS).copy() == {job: job[0] for job in ORDERED}


def test_a_queue_delivers_every_job_once(books: shared_state.Client) -> None:
    done: list[Job] = books.list(worker.DONE).copy()
    assert sorted(done) == sorted(ORDERED)
    assert set(books.dict(worker.RESULTS).keys()) == set(ORDERED)


def test_every_worker_had_its_share(books: shared_state.Client) -> None:
    busy = {CREW[label] for label in books.dict(worker.RESULTS).values()}
    assert busy == set(WORKERS)


def test_no_update_under_the_lock_is_lost(books: shared_state.Client) -> None:
    assert books.dict(worker.TOTALS)["jobs"] == len(ORDERED)


def test_nobody_is_inside_the_lock_while_another_is(books: shared_state.Client) -> None:
    visits: list[Visit] = sorted(books.list(worker.VISITS), key=lambda visit: visit[1])
    assert len(visits) == len(ORDERED)
    for (_, _, left), (_, entered, _) in itertools.pairwise(visits):
        assert left <= entered
