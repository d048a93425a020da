"""`docs/protocol.md` says what happens: its examples are run, its tables are compared."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from shared_state_protocol import extensions, limits, names
from shared_state_protocol.codec import Codec
from shared_state_protocol.errors import WIRE_NAMES
from shared_state_protocol.keys import canonical
from shared_state_protocol.placeholders import Reference
from shared_state_protocol.registry import Registry
from shared_state_protocol.wire import arena, connection, handshake, messages
from shared_state_protocol.wire.connection import ClientOpening
from shared_state_server import lane, streams
from shared_state_server.memory import array as array_in_memory
from shared_state_server.memory import list as list_in_memory
from tests.fixtures.servers import ThreadServer
from tests.server.callers import Lobby

from .foreign import ForeignClient
from .opening import HELLO, KEY, SERVER_NONCE, WELCOME

DOCUMENT = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")

HEX_LINE = re.compile(r"((?:[0-9a-f]{2} )*[0-9a-f]{2})(?:  +\S.*)?")


def blocks() -> Iterator[tuple[str, bytes]]:
    """Yield title and bytes of each example, in order."""
    for title, body in re.findall(r"^```hex (.+?)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL):
        yield title, b"".join(map(bytes_of, body.splitlines()))


def bytes_of(line: str) -> bytes:
    found = HEX_LINE.fullmatch(line)
    assert found, f"no line of bytes: {line!r}"
    return bytes.fromhex(found[1])


def rows(heading: str, cells: int) -> list[list[str]]:
    """Return the rows of so many cells in the tables of one section, without the heads."""
    section = re.split(rf"^##+ {heading}$", DOCUMENT, flags=re.MULTILINE)[1]
    section = re.split(r"^##+ ", section, flags=re.MULTILINE)[0]
    tables = re.findall(r"^\| -.*\n((?:\|.*\n)+)", section, re.MULTILINE)
    found = [cells_of(line) for table in tables for line in table.splitlines()]
    return [row for row in found if len(row) == cells]


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def code_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


NAMED = {title: data for title, data in blocks() if ": " not in title}
CONVERSATION = [(title, data) for title, data in blocks() if ": " in title]


@pytest.fixture
def lobby(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lobby]:
    """A server with the key, the nonce and the identity of the document."""
    monkeypatch.setattr("os.urandom", lambda size: SERVER_NONCE)
    made = Lobby(authkey=NAMED["key"])
    made.hall.instance = WELCOME.instance
    made.hall.unix_path = WELCOME.unix_path
    yield made
    made.close()


# The examples


def test_every_example_is_run() -> None:
    assert set(NAMED) == {"greeting", "hello", "welcome", "key", "refusal"}
    assert {title.split(":")[0] for title, _ in CONVERSATION} == {"client", "server"}


def test_a_server_opens_a_connection_as_the_document_says(lobby: Lobby) -> None:
    caller = lobby.call()
    assert caller.said() == NAMED["greeting"]
    caller.say(NAMED["hello"])
    assert caller.said() == NAMED["welcome"]


def test_a_client_opens_a_connection_as_the_document_says() -> None:
    assert NAMED["key"] == KEY
    client = ClientOpening(NAMED["key"], HELLO)
    assert client.receive(NAMED["greeting"]) == NAMED["hello"]
    assert client.receive(NAMED["welcome"]) == b""
    assert client.welcome == WELCOME


def test_a_server_refuses_as_the_document_says(lobby: Lobby) -> None:
    caller = lobby.call()
    caller.said()
    caller.say(NAMED["hello"].replace(b"SHS1", b"SHS2"))
    assert caller.said() == NAMED["refusal"]


def test_the_conversation_is_what_a_server_says(lobby: Lobby) -> None:
    caller = lobby.call()
    caller.say(NAMED["hello"])
    caller.said()
    heard = b""
    for title, data in CONVERSATION:
        if title.startswith("client"):
            assert heard == b"", "the server said something that is not in the document"
            caller.say(data)
            heard = caller.said()
        else:
            assert heard == data, title
            heard = b""
    assert heard == b""
    assert lobby.service.sessions == {}, "it ends with goodbye"


def test_who_knows_only_the_document_can_be_a_client(server: ThreadServer) -> None:
    client = ForeignClient(server.address, server.settings.authkey)
    assert client.call("dict.open", "config") is None
    assert client.call("dict.set", "config", b"\xa4rate", b"\x0a") is None
    with server.connect() as ours:
        assert ours.dict("config")["rate"] == 10
        ours.dict("config")["name"] = "db1"
    assert client.call("dict.get", "config", b"\xa4name", False) == b"\xa3db1"
    assert client.call("dict.get", "config", b"\xa2no", False) is None
    assert client.call("dict.size", "config") == 2
    targets = [["dict.size", "config"], ["dict.__getitem__", "config"]]
    requests = [[0], [1, b"\xa2no"]]
    assert client.call("state.batch", "", targets, requests) == [
        [2, None],
        [[1, "KeyError", [b"\xa2no"]]],
    ]
    with pytest.raises(LookupError, match="KeyError"):
        client.call("dict.__getitem__", "config", b"\xa2no")
    client.close()


# The tables


@dataclass
class Point:
    x: int


class Color(Enum):
    RED = 1


registry = Registry()
registry.register(Point, name="Point")
registry.register(Color, name="Color")
codec = Codec(registry=registry)

KNOWN: dict[str, Any] = {
    each.__name__: each
    for each in (
        *(OrderedDict, deque, date, datetime, time, timedelta, timezone, Decimal, Fraction, UUID),
        *(ZoneInfo, Reference, Point, Color),
    )
}


def value_of(expression: str) -> Any:
    """Return the value of an example; some of them need numpy."""
    return eval(expression, {**KNOWN, **numpy_names(expression)})


def numpy_names(expression: str) -> dict[str, Any]:
    if not re.match(r"array\(|int16\(", expression):
        return {}
    numpy = pytest.importorskip("numpy")
    return {"array": numpy.array, "int16": numpy.int16}


@pytest.mark.parametrize("row", rows("Values", 5), ids=lambda row: row[1])
def test_a_value_is_encoded_as_the_document_says(row: list[str]) -> None:
    [expression], [encoded] = map(code_in, row[3:])
    value, payload = value_of(expression), bytes.fromhex(encoded)
    assert codec.encode(value) == payload
    decoded = codec.decode(payload)
    assert type(decoded) is type(value)
    assert codec.encode(decoded) == payload
    assert tag_of(payload) == int(row[0])


def tag_of(payload: bytes) -> int:
    """Return the code of an extension, which stands after its length."""
    return payload[1 if 0xD4 <= payload[0] <= 0xD8 else 2]


def test_every_extension_is_in_the_document() -> None:
    others = {
        extensions.ENUM,
        extensions.DATACLASS,
        extensions.REFERENCE,
        extensions.ARRAY,
        extensions.SCALAR,
    }
    assert {int(row[0]) for row in rows("Values", 5)} == {*extensions.BUILDERS, *others}


@pytest.mark.parametrize("row", rows("Keys", 3), ids=lambda row: row[0])
def test_a_key_is_found_as_the_document_says(row: list[str]) -> None:
    [expression], [encoded], [form] = map(code_in, row)
    assert codec.encode(value_of(expression)) == bytes.fromhex(encoded)
    assert canonical(bytes.fromhex(encoded)) == bytes.fromhex(form)


def test_the_errors_are_those_that_cross_the_wire() -> None:
    named = [name for row in rows("Errors", 2) for name in code_in(row[0])]
    assert sorted(named) == sorted(WIRE_NAMES.values())


def test_the_notices_are_those_that_a_server_knows() -> None:
    known = {
        *(messages.CONFIRM, messages.CANCEL, messages.ARRIVED),
        *(messages.LEAVE, messages.GOODBYE),
    }
    assert {code_in(row[0])[0] for row in rows("Messages", 2)} == known


@pytest.mark.parametrize("row", rows("Limits", 4), ids=lambda row: row[0])
def test_a_limit_is_what_the_document_says(row: list[str]) -> None:
    [name] = code_in(row[0])
    places: list[ModuleType] = [
        arena,
        array_in_memory,
        limits,
        connection,
        handshake,
        list_in_memory,
        names,
        lane,
        streams,
    ]
    [value] = {getattr(place, name) for place in places if hasattr(place, name)}
    assert value == int(row[1].replace(",", ""))


def test_every_limit_of_both_sides_is_in_the_document() -> None:
    assert set(limits.__all__) <= {code_in(row[0])[0] for row in rows("Limits", 4)}


def test_the_fields_of_hello_and_welcome_are_all_described() -> None:
    hello = [row[0] for row in rows("Hello", 3)]
    assert hello == list(handshake.Hello._fields)
    assert len(rows("Welcome", 3)) == len(handshake.Welcome._fields)
