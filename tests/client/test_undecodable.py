"""Items that a client cannot decode: it does not take them, so they are there for one that can."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

import shared_state
from shared_state_protocol.errors import DecodingError
from shared_state_protocol.registry import Registry

from ..fixtures.clients import Either
from ..fixtures.watching import until


@dataclass
class Job:
    """A class that only its producer has registered."""

    number: int


@pytest.fixture
def producer(other: shared_state.Client, monkeypatch: pytest.MonkeyPatch) -> shared_state.Client:
    """A client whose program knows `Job`."""
    registry = Registry()
    registry.register(Job, name="tests.Job")
    monkeypatch.setattr(other, "codec", type(other.codec)(registry=registry))
    monkeypatch.setattr(other._session, "codec", other.codec)
    for made in (other.callers, other._session.encoders, other._session.decoders):
        made.clear()  # with the codec that there was
    return other


def test_an_item_that_cannot_be_decoded_stays_at_the_head(
    either: Either, producer: shared_state.Client
) -> None:
    producer.queue("jobs").put_many([Job(1), Job(2)])
    jobs = either.queue("jobs")
    for take in (jobs.get, jobs.get_nowait, lambda: jobs.get_many(2)):
        with pytest.raises(DecodingError, match=r"tests\.Job"):
            take()
        until(lambda: producer.queue("jobs").qsize() == 2)
    assert producer.queue("jobs").get_many(2) == [Job(1), Job(2)]


def test_the_connection_of_who_could_not_decode_goes_on(
    either: Either, producer: shared_state.Client
) -> None:
    producer.queue("jobs").put(Job(1))
    jobs = either.queue("jobs")
    with pytest.raises(DecodingError):
        jobs.get()
    until(lambda: producer.queue("jobs").qsize() == 1)
    assert producer.queue("jobs").get() == Job(1)
    jobs.put("plain")
    assert jobs.get() == "plain"


def test_a_message_of_a_pipe_that_cannot_be_decoded_is_received_by_who_can(
    either: Either, producer: shared_state.Client
) -> None:
    first, _ = producer.pipe("line")
    first.send(Job(1))
    _, second = either.pipe("line")
    with pytest.raises(DecodingError):
        second.recv()
    assert producer.pipe("line")[1].recv() == Job(1)


def test_a_batch_takes_what_it_can_decode_and_leaves_the_rest(
    client: shared_state.Client, producer: shared_state.Client
) -> None:
    producer.queue("strange").put(Job(1))
    producer.queue("plain").put("item")
    strange, plain = client.queue("strange"), client.queue("plain")
    with client.batch() as batch:
        strange.get_nowait()
        plain.get_nowait()
    assert isinstance(batch.results[0], DecodingError)
    assert batch.results[1] == "item"
    until(lambda: producer.queue("strange").qsize() == 1)
    assert producer.queue("plain").qsize() == 0
