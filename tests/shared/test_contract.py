"""The rules of contracts, on one that is made here; `test_contracts` has those that there are."""

# mypy: disable-error-code="empty-body"
# A contract has signatures and no bodies.

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic

import pytest

from shared_state_protocol.codec import Codec
from shared_state_protocol.contract import (
    Blocking,
    command,
    contract_name,
    delivery,
    handover,
    operations,
    query,
    stream,
    waiting,
)
from shared_state_protocol.errors import FixTheCall
from shared_state_protocol.grants import Fence, Grant
from shared_state_protocol.shapes import HERE, REQUIRED, Agent, D, V

from .recorder import Recorder


class Shelf(Generic[V]):
    """A contract."""

    @command
    def put(self, item: V, place: int = 0, note: str = "") -> None:
        """Put `item` there."""

    @command
    def sweep(self, place: int = 0, *, fence: Fence = None) -> None:
        """Take everything away."""

    @query
    def look(self, place: int, default: D = REQUIRED) -> V | D:
        """Return what is there, or `default`."""

    @waiting
    def wait(self, timeout: float | None = None, agent: Agent = HERE) -> bool:
        """Wait."""

    @delivery
    def take(self) -> V:
        """Take."""

    @handover
    def take_now(self) -> V:
        """Take now."""

    @stream
    def read(self) -> Iterator[V]:
        """Yield everything."""


class TallShelf(Shelf[V]):
    """A contract with more, and with one operation promised otherwise."""

    @query
    def height(self) -> int:
        """Return the height."""

    @command
    def look(self, place: int, default: D = REQUIRED) -> V | D:
        """Return what is there, and note who looked."""


class BoundShelf(Shelf[V], Blocking):
    def take(self) -> V:
        """Take, in the words of this class."""
        return super().take()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def shelf(recorder: Recorder) -> BoundShelf[Any]:
    return BoundShelf("s", recorder)


# The rules


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("look", {"query"}),
        ("put", {"changes"}),
        ("wait", {"changes", "waits"}),
        ("take", {"changes", "waits", "confirms"}),
        ("take_now", {"changes", "confirms"}),
        ("read", {"query", "is_stream"}),
    ],
)
def test_a_decorator_says_what_kind_of_promise_it_is(name: str, kind: set[str]) -> None:
    operation = vars(Shelf)[name]
    flags = {
        flag for flag in ("changes", "waits", "confirms", "is_stream") if getattr(operation, flag)
    }
    assert flags | ({"query"} if not operation.changes else set()) == kind


def test_an_operation_knows_its_name_on_the_wire_and_its_documentation() -> None:
    assert Shelf.look.wire == "shelf.look"
    assert TallShelf.height.wire == "tall_shelf.height"
    assert Shelf.look.__doc__ == "Return what is there, or `default`."


def test_inherited_operations_come_first_and_keep_their_place() -> None:
    found = list(operations(TallShelf))
    names = ["put", "sweep", "look", "wait", "take", "take_now", "read", "height"]
    assert [each.name for each in found] == names
    assert [each.wire for each in found][:3] == ["shelf.put", "shelf.sweep", "tall_shelf.look"]
    assert found[2].changes


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        (("book",), {}),
        (("book", 0), {}),
        ((), {"item": "book"}),
        ((), {"place": 0, "item": "book"}),
        (("book",), {"note": "", "place": 0}),
    ],
)
def test_however_a_call_is_written_it_is_the_same_call(
    recorder: Recorder, shelf: BoundShelf[Any], args: Any, kwargs: Any
) -> None:
    shelf.put(*args, **kwargs)
    Shelf.put(shelf, *args, **kwargs)
    assert recorder.calls == [("shelf.put", "s", ("book", 0, ""))] * 2


@pytest.mark.parametrize(
    ("args", "kwargs", "reason"),
    [
        ((), {}, "missing 1 required positional argument: 'item'"),
        ((), {"place": 1}, "missing 1 required positional argument: 'item'"),
        (("book", 1, "", 2), {}, "takes from 2 to 4 positional arguments but 5 were given"),
        (("book",), {"shelf": 1}, "unexpected keyword argument 'shelf'"),
        (("book",), {"item": "book"}, "multiple values for argument 'item'"),
    ],
)
def test_a_wrong_call_is_a_type_error_and_not_sent(
    recorder: Recorder, shelf: BoundShelf[Any], args: Any, kwargs: Any, reason: str
) -> None:
    with pytest.raises(TypeError, match=reason):
        shelf.put(*args, **kwargs)
    assert recorder.calls == []


GRANT = Grant("leader", 5)


@pytest.mark.parametrize(
    ("args", "kwargs", "sent"),
    [
        ((), {}, (0,)),
        ((1,), {"fence": None}, (1,)),
        ((), {"fence": GRANT}, (0, GRANT)),
        ((1,), {"fence": GRANT}, (1, GRANT)),
        ((), {"fence": GRANT, "place": 1}, (1, GRANT)),
    ],
)
def test_a_fence_is_sent_behind_all_others_if_there_is_one(
    recorder: Recorder, shelf: BoundShelf[Any], args: Any, kwargs: Any, sent: Any
) -> None:
    shelf.sweep(*args, **kwargs)
    Shelf.sweep(shelf, *args, **kwargs)
    assert recorder.calls == [("shelf.sweep", "s", sent)] * 2


@pytest.mark.parametrize(
    ("args", "kwargs"), [((1, GRANT), {}), ((1, 2), {"fence": GRANT}), ((), {"fences": GRANT})]
)
def test_a_fence_is_given_by_its_name(
    recorder: Recorder, shelf: BoundShelf[Any], args: Any, kwargs: Any
) -> None:
    with pytest.raises(TypeError):
        shelf.sweep(*args, **kwargs)
    assert recorder.calls == []


def test_the_name_and_the_token_of_a_fence_travel() -> None:
    fenced = vars(Shelf)["sweep"].fenced
    assert fenced.encoder(Codec())((0, GRANT)) == (0, ("leader", 5))
    assert fenced.changes
    assert fenced.fenced is None


def test_a_class_that_writes_an_operation_itself_keeps_its_version(
    recorder: Recorder, shelf: BoundShelf[Any]
) -> None:
    assert shelf.take.__doc__ == "Take, in the words of this class."
    assert shelf.take_now.__doc__ == "Take now."


def test_the_caller_is_filled_in_by_the_client() -> None:
    operation = vars(Shelf)["wait"]
    assert operation.wants_agent
    assert operation.with_agent((1.5, HERE), 7) == (1.5, 7)
    assert not vars(Shelf)["put"].wants_agent
    assert vars(Shelf)["put"].with_agent(("book", 0, ""), 7) == ("book", 0, "")


@pytest.mark.parametrize(
    ("timeout", "seconds", "left"),
    [(None, None, None), (-1, None, -1), (5, 5.0, 3.5), (1.5, 1.5, 0.0), (1, 1.0, 0.0)],
)
def test_what_was_waited_is_taken_from_a_timeout(
    timeout: float | None, seconds: float | None, left: float | None
) -> None:
    operation = vars(Shelf)["wait"]
    assert operation.timeout_of((timeout, HERE)) == seconds
    assert operation.less_timeout((timeout, HERE), 1.5) == (left, HERE)


def test_an_operation_without_a_timeout_waits_for_ever() -> None:
    operation = vars(Shelf)["take"]
    assert operation.timeout_of(()) is None
    assert operation.less_timeout((), 1.5) == ()


def test_a_missing_result_is_the_default_of_the_call() -> None:
    codec, default, operation = Codec(), object(), vars(Shelf)["look"]
    assert operation.decoder(codec)(None, (1, default)) is default
    assert operation.decoder(codec)(codec.encode(None), (1, default)) is None


def test_an_annotation_that_no_shape_is_known_for_is_a_mistake_of_the_contract() -> None:
    def declaration(self: Any, when: complex) -> None:
        """Do it."""

    with pytest.raises((FixTheCall, RuntimeError)) as caught:  # RuntimeError: Python < 3.12
        type("Wrong", (), {"wrong": query(declaration)})
    assert isinstance(caught.value.__cause__ or caught.value, FixTheCall)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Dict", "dict"), ("LifoQueue", "lifo_queue"), ("RLock", "rlock")],
)
def test_a_contract_is_named_in_lower_case(name: str, expected: str) -> None:
    assert contract_name(type(name, (), {})) == expected
