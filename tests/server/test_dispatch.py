"""The dispatch table: what has not its contract's shape is refused, and changes nothing."""

from __future__ import annotations

import re
import tracemalloc
from typing import Any

import pytest

from shared_state_protocol.codec import Codec
from shared_state_protocol.contract import command, contract_name, operations
from shared_state_protocol.errors import (
    DecodingError,
    EncodingError,
    FixTheCall,
    ObjectNotFound,
    ProtocolError,
    TypeMismatch,
)
from shared_state_protocol.objects import CONTRACTS
from shared_state_protocol.state import State
from shared_state_server.dispatch import table_of
from shared_state_server.memory import BEHAVIOURS

from ..fixtures.simulation import Peer, Simulation

KEY, VALUE, OTHER = map(Codec().encode, ("key", "value", "other"))
PICKLE = b"\xc1pickled"


@pytest.fixture
def peer(simulation: Simulation) -> Peer:
    """A client, with a dict ``d`` and a list ``l`` of one item each."""
    peer = simulation.peer()
    peer.call("dict.open", "d")
    peer.call("dict.set", "d", KEY, VALUE)
    peer.call("list.open", "l")
    peer.call("list.append", "l", VALUE)
    return peer


def assert_nothing_changed(peer: Peer) -> None:
    assert peer.call("dict.items", "d") == [None, [[KEY, VALUE]]]
    assert peer.call("list.get_slice", "l", None, None, None) == [None, [VALUE]]
    assert [info[0] for info in peer.call("state.objects", "")[1]] == ["d", "l"]


WRONG: list[tuple[str, list[Any]]] = [
    # of the wrong number
    ("dict.set", []),
    ("dict.set", [KEY]),
    ("dict.set", [KEY, OTHER, OTHER]),
    ("dict.clear", [KEY]),
    ("dict.open", [KEY]),
    ("list.append", []),
    ("list.set_slice", [None, None, None]),
    # of the wrong type
    ("dict.set", ["key", OTHER]),
    ("dict.set", [KEY, "other"]),
    ("dict.set", [KEY, None]),
    ("dict.set", [None, OTHER]),
    ("dict.set", [1, OTHER]),
    ("dict.setdefault", [OTHER, None]),
    ("dict.pop", [KEY, 1]),
    ("dict.pop", [KEY, None]),
    ("dict.pop", [[KEY], True]),
    ("dict.delete", [True]),
    ("list.append", [None]),
    ("list.append", [[VALUE]]),
    ("list.pop", [True]),
    ("list.pop", [0.0]),
    ("list.pop", [None]),
    ("list.pop", ["0"]),
    ("list.insert", [None, OTHER]),
    ("list.sort", [1]),
    ("list.delete_slice", [0.0, None, None]),
    ("list.repeat", [None]),
    # of the wrong shape inside
    ("dict.update", [{"key": OTHER}]),
    ("dict.update", [[[KEY, OTHER], [KEY]]]),
    ("dict.update", [[[KEY, OTHER], [OTHER, 5]]]),
    ("dict.update", [[[KEY, OTHER], KEY]]),
    ("dict.update", [None]),
    ("list.extend", [[OTHER, None]]),
    ("list.extend", [[OTHER, "other"]]),
    ("list.extend", [OTHER]),
    ("list.set_slice", [None, None, None, [OTHER, 1]]),
    ("list.rearrange", [[0.0], 1]),
]


@pytest.mark.parametrize(("wire", "arguments"), WRONG, ids=str)
def test_arguments_that_have_not_the_contracts_shape_are_refused(
    peer: Peer, wire: str, arguments: list[Any]
) -> None:
    with pytest.raises(ProtocolError, match="argument"):
        peer.call(wire, wire[0], *arguments)
    assert_nothing_changed(peer)


@pytest.mark.parametrize(
    ("wire", "arguments", "told"),
    [
        (
            "dict.set",
            [KEY],
            "expected dict.set(key, value), with or without a fence, got 1 arguments",
        ),
        ("dict.size", [KEY], "expected dict.size(), got 1 arguments"),
        ("dict.set", ["key", OTHER], "dict.set: argument 1 (key) has to be bytes, not str"),
        ("list.pop", [None], "list.pop: argument 1 (index) has to be int, not NoneType"),
        ("dict.update", [None], "dict.update: argument 1 (other) has to be list, not NoneType"),
        (
            "dict.update",
            [[[KEY]]],
            "dict.update: argument 1 (other) is a list of something else than the contract says",
        ),
    ],
)
def test_a_refusal_tells_the_operation_what_was_expected_and_what_came(
    peer: Peer, wire: str, arguments: list[Any], told: str
) -> None:
    with pytest.raises(ProtocolError) as refused:
        peer.call(wire, wire[0], *arguments)
    assert str(refused.value) == told


def test_what_was_let_in_once_does_not_let_in_what_looks_like_it(peer: Peer) -> None:
    """The types of arguments that have passed are remembered; what is inside an array is not."""
    peer.call("list.extend", "l", [OTHER])
    with pytest.raises(ProtocolError):
        peer.call("list.extend", "l", [5])
    peer.call("list.pop", "l", -1)
    with pytest.raises(ProtocolError):
        peer.call("list.pop", "l", True)
    peer.call("dict.update", "d", [])
    with pytest.raises(ProtocolError):
        peer.call("dict.update", "d", [[OTHER]])
    assert_nothing_changed(peer)


@pytest.mark.parametrize(
    ("wire", "arguments"),
    [
        ("dict.set", [b"", OTHER]),
        ("dict.set", [b"\xc1", OTHER]),
        ("dict.set", [KEY + KEY, OTHER]),
        ("dict.set", [b"\xa5key", OTHER]),
        ("dict.set", [b"\x91\x01", OTHER]),
        ("dict.update", [[[OTHER, OTHER], [b"\xa1\xff", OTHER]]]),
    ],
)
def test_a_key_that_no_client_would_have_made_is_refused(
    peer: Peer, wire: str, arguments: list[Any]
) -> None:
    with pytest.raises((DecodingError, EncodingError)):
        peer.call(wire, "d", *arguments)
    assert_nothing_changed(peer)


@pytest.mark.parametrize(
    "wire",
    [
        "dict.nothing",
        "dict.__class__",
        "dict._data",
        "dict.__init__",
        "nothing.get",
        "",
        "get",
        "d.set",
    ],
)
def test_what_no_contract_promises_cannot_be_called(peer: Peer, wire: str) -> None:
    with pytest.raises(ProtocolError, match="no operation"):
        peer.call(wire, "d")
    assert_nothing_changed(peer)


def test_an_operation_is_for_objects_of_its_type(peer: Peer) -> None:
    with pytest.raises(TypeMismatch, match="'l' is a list, not a dict"):
        peer.call("dict.clear", "l")
    with pytest.raises(TypeMismatch, match="'d' is a dict, not a list"):
        peer.call("list.open", "d")
    with pytest.raises(ObjectNotFound, match="no object named 'x'"):
        peer.call("dict.clear", "x")
    with pytest.raises(TypeMismatch):
        peer.call("dict.clear", "")
    assert_nothing_changed(peer)


def test_the_state_itself_is_no_object_of_a_name(peer: Peer) -> None:
    for name in ("d", "x"):
        with pytest.raises((TypeMismatch, ObjectNotFound)):
            peer.call("state.objects", name)


@pytest.mark.parametrize(
    ("wire", "arguments"),
    [
        ("dict.set", [KEY, PICKLE]),
        ("dict.setdefault", [OTHER, PICKLE]),
        ("dict.update", [[[KEY, OTHER], [OTHER, PICKLE]]]),
        ("list.append", [PICKLE]),
        ("list.extend", [[OTHER, PICKLE]]),
        ("list.set_slice", [None, None, None, [PICKLE]]),
    ],
)
def test_a_pickle_is_refused_by_a_server_that_was_not_told_to_keep_any(
    peer: Peer, wire: str, arguments: list[Any]
) -> None:
    with pytest.raises(EncodingError, match="--allow-pickle"):
        peer.call(wire, wire[0], *arguments)
    assert_nothing_changed(peer)


def test_a_batch_is_checked_request_by_request(peer: Peer) -> None:
    wrong: list[tuple[Any, list[Any], str]] = [
        (["dict.set", "d"], [KEY], "ProtocolError"),
        (["dict.set", "d"], [KEY, "other"], "ProtocolError"),
        (["dict.set", "d"], ["key", VALUE], "ProtocolError"),
        (["dict.nothing", "d"], [], "ProtocolError"),
        (["dict.keys", "d"], [], "ProtocolError"),
        (["state.batch", ""], [[], []], "ProtocolError"),
        (["dict.set", "d"], [KEY, PICKLE], "EncodingError"),
        (["dict.set", "l"], [KEY, VALUE], "TypeMismatch"),
        (["list.append", "d"], [VALUE], "TypeMismatch"),
        (["dict.set", "nowhere"], [KEY, VALUE], "ObjectNotFound"),
    ]
    strange_targets: list[Any] = [["dict.clear", 5], [["dict.clear"], "d"], ["dict.clear"], [], 5]
    targets = [["dict.get", "d"], *(target for target, _, _ in wrong), *strange_targets]
    strange_places: list[Any] = [len(targets), -1, "0", None, [], 0.0, False]
    first_strange = 1 + len(wrong)
    bad: list[Any] = [
        *([at, *arguments] for at, (_, arguments, _) in enumerate(wrong, 1)),
        *([at] for at in range(first_strange, len(targets))),
        *([place, KEY, False] for place in strange_places),
        *([], 5, None, b"\0", {"0": KEY}, "text"),
    ]
    both = [request for each in bad for request in (each, [0, KEY, False])]
    results, failures = peer.call("state.batch", "", targets, both)
    assert results == [None, VALUE] * len(bad)
    assert [at for at, *_ in failures] == list(range(0, len(both), 2))
    assert [named for _, named, _ in failures[: len(wrong)]] == [named for *_, named in wrong]
    told = [text for *_, [text] in failures[first_strange + len(strange_targets) - 1 :]]
    assert told[0] == f"state.batch has {len(targets)} targets, and none at place {len(targets)}"
    assert told[2] == f"state.batch has {len(targets)} targets, and none at place str"
    assert told[-1] == f"state.batch: request {2 * len(bad) - 2} has to be a list, not str"
    assert_nothing_changed(peer)


@pytest.mark.parametrize("first", [b"\x01", b"\xc0", b"\xc2", b"\xc4\x00", b"\xcf" + bytes(8)])
def test_a_batch_keeps_values_whatever_they_begin_with(peer: Peer, first: bytes) -> None:
    targets = [["dict.set", "d"], ["dict.get", "d"]]
    requests = [[0, OTHER, VALUE], [0, OTHER, first], [1, OTHER, False]]
    assert peer.call("state.batch", "", targets, requests) == [[None, None, first], []]


def test_a_long_text_is_refused_as_a_request_of_a_batch_before_it_is_taken_apart(
    peer: Peer,
) -> None:
    text = "x" * 8_000_000
    tracemalloc.start()
    try:
        results, failures = peer.call("state.batch", "", [["dict.clear", "d"]], [text])
        assert tracemalloc.get_traced_memory()[1] < 5 * len(text)
    finally:
        tracemalloc.stop()
    assert (results, [named for _, named, _ in failures]) == ([None], ["ProtocolError"])
    assert_nothing_changed(peer)


def test_a_pickle_is_refused_by_a_batch_that_knows_its_target_already(peer: Peer) -> None:
    requests = [[0, KEY, VALUE], [0, KEY, PICKLE]]
    results, ((at, named, _),) = peer.call("state.batch", "", [["dict.set", "d"]], requests)
    assert (results, at, named) == ([None, None], 1, "EncodingError")
    assert_nothing_changed(peer)


def test_a_batch_sees_that_a_name_is_another_object_by_now(peer: Peer) -> None:
    targets = [
        ["dict.size", "d"],
        ["state.delete", ""],
        ["dict.open", "d"],
        ["list.open", "d"],
        ["list.size", "d"],
    ]
    requests: list[Any] = [[0], [1, "d"], [0], [2], [0], [1, "d"], [3], [0], [4]]
    results, failures = peer.call("state.batch", "", targets, requests)
    assert results == [1, True, None, None, 0, True, None, None, 0]
    assert [(at, named) for at, named, _ in failures] == [
        (2, "ObjectNotFound"),
        (7, "TypeMismatch"),
    ]


def test_a_batch_ends_early_when_its_results_have_become_large(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they are in: a pair of `popitem`, or the values of a `get_many`."""
    monkeypatch.setattr("shared_state_server.service.BATCH_REPLY_BYTES", 100)
    value = bytes(60)
    for at in range(5):
        peer.call("dict.set", "d", bytes((at,)), value)
    results, _ = peer.call("state.batch", "", [["dict.popitem", "d"]], [[0]] * 6)
    assert [item for _, item in results] == [value, value]
    assert peer.call("dict.size", "d") == 4


def test_a_batch_ends_early_when_it_has_so_many_results(peer: Peer) -> None:
    results, failures = peer.call("state.batch", "", [["dict.size", "d"]], [[0]] * 1001)
    assert (results, failures) == ([1] * 1000, [])


def test_a_result_that_does_not_travel_is_an_error_and_no_end_of_the_connection(
    peer: Peer, simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = simulation.service._table["dict.size"]
    monkeypatch.setattr(row, "method", lambda behaviour: 2**70)
    with pytest.raises(TypeError, match="64-bit"):
        peer.call("dict.size", "d")


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("strange", [None, 5, "text", {"dict.clear": "d"}])
def test_a_batch_is_two_arrays(peer: Peer, strange: Any, which: int) -> None:
    arrays: list[Any] = [[["dict.clear", "d"]], [[0]]]
    arrays[which] = strange
    argument = ("1 (targets)", "2 (requests)")[which]
    told = f"state.batch: argument {argument} has to be a list, not {type(strange).__name__}"
    with pytest.raises(ProtocolError, match=re.escape(told)):
        peer.call("state.batch", "", *arrays)
    assert_nothing_changed(peer)


# The table


def test_the_table_has_every_operation_of_every_contract_and_no_other() -> None:
    table = table_of(zip(CONTRACTS, BEHAVIOURS, strict=True))
    assert table.keys() == {each.wire for contract in CONTRACTS for each in operations(contract)}


def test_a_row_knows_what_its_operation_promises() -> None:
    table = table_of(zip(CONTRACTS, BEHAVIOURS, strict=True))
    for contract in (*CONTRACTS,):
        for operation in operations(contract):
            row = table[operation.wire]
            assert row.name == operation.name
            assert row.changes == operation.changes
            assert row.is_stream == operation.is_stream
            assert row.opens == (operation.name == "open")
            assert row.type == operation.wire.partition(".")[0]
            assert not (row.is_plain and row.is_alone), "a batch carries out what is plain"


class Door:
    @command
    def open(self) -> None:
        """Create it."""

    @command
    def knock(self) -> None:
        """Knock."""


class SilentDoor:
    """A behaviour that lacks something."""


def test_a_behaviour_that_lacks_an_operation_is_a_mistake_at_the_start() -> None:
    with pytest.raises(FixTheCall, match=r"SilentDoor does not keep door\.knock"):
        table_of([(Door, SilentDoor)])


def test_the_state_has_a_name_that_no_object_can_have() -> None:
    assert contract_name(State) not in {contract_name(each) for each in CONTRACTS}
