"""What a pickle of a client may name: plain classes, those the operator named, and nothing else."""

from __future__ import annotations

import collections
import copyreg
import datetime
import decimal
import io
import os
import pickle
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_state_server.stdlib.classes import Classes, Elsewhere, names_no_class

PROTOCOL = 5
"""The newest whose opcodes were looked at."""


class Job:
    """A class of the operator's."""


class Bomb:
    """A pickle that runs a command when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def no_proxies(*_: Any) -> NoReturn:
    pytest.fail("there is no proxy in it")


def read(classes: Classes, value: Any, *, plain_only: bool = False, protocol: int = 4) -> Any:
    return classes.load(pickle.dumps(value, protocol), no_proxies, plain_only=plain_only)


PLAIN = [
    ("id", "put", ({"a": [1, (2.5, None)]},), {}),
    {1, 2},
    collections.OrderedDict(a=1),
    datetime.datetime(2024, 2, 29, tzinfo=datetime.timezone.utc),
    decimal.Decimal("1.10"),
    bytearray(b"x"),
    range(3),
]


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_plain_values_are_read_in_the_loop(value: Any) -> None:
    assert read(Classes(()), value, plain_only=True) == value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_is_not_named_is_refused_by_name_and_not_run(tmp_path: Path, protocol: int) -> None:
    made, classes = tmp_path / "made", Classes((f"{__name__}:Job",))
    for plain_only in (True, False):
        with pytest.raises(pickle.UnpicklingError, match=r"posix\.mkdir.*posix:mkdir"):
            read(classes, Bomb(made), plain_only=plain_only, protocol=protocol)
    assert not made.exists()


@pytest.mark.parametrize("name", ["dict.fromkeys", "str.join", "getattr", "eval", "__import__"])
def test_nothing_is_reached_through_a_class_that_is_allowed(name: str) -> None:
    payload = naming("builtins", name) + b"."
    with pytest.raises(pickle.UnpicklingError, match="not allowed"):
        Classes(()).load(payload, no_proxies, plain_only=False)


def naming(module: str, name: str) -> bytes:
    """Return the beginning of a pickle that names something."""
    parts = [b"\x8c" + bytes([len(part)]) + part.encode() for part in (module, name)]
    return b"\x80\x04" + b"".join(parts) + b"\x93"


def test_a_pickle_sets_no_attribute_of_what_makes_the_proxies() -> None:
    payload = naming("multiprocessing.managers", "RebuildProxy") + b"}\x8c\x01xNsb."  # BUILD
    with pytest.raises(TypeError):
        Classes(()).load(payload, no_proxies, plain_only=True)
    assert not vars(no_proxies)


def test_a_named_class_is_read_outside_the_loop_because_its_code_is_not_known() -> None:
    classes = Classes((f"{__name__}:Job",))
    with pytest.raises(Elsewhere):
        read(classes, Job(), plain_only=True)
    assert type(read(classes, Job())) is Job


def test_whoever_trusts_all_clients_may_allow_any_class(tmp_path: Path) -> None:
    read(Classes(None), Bomb(tmp_path / "made"))
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["Job", ":Job", "module:"])
def test_a_class_is_named_with_its_module(name: str) -> None:
    with pytest.raises(ValueError, match="module:Class"):
        Classes((name,))


NAMING = [Job(), os.mkdir, datetime.date(2024, 2, 29), collections.deque([1]), decimal.Decimal(1)]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", NAMING, ids=lambda value: type(value).__name__)
def test_a_pickle_that_names_a_class_does_not_pass_for_a_plain_one(
    value: Any, protocol: int
) -> None:
    assert not names_no_class(pickle.dumps(("id", "put", (value,), {}), protocol))


def test_a_request_with_plain_values_passes_for_one() -> None:
    assert names_no_class(pickle.dumps(("id", "put", (1, 2.5, "x", None, [b"y"], {1: True}), {})))


class _Naming(BaseException):
    """A pickle has named a class, a person or a buffer: nothing that catches errors hides it."""


class _Watching(pickle.Unpickler):
    """The careful way, which is told of all that a pickle names."""

    def find_class(self, module: str, name: str, /) -> Any:
        raise _Naming


def outcome(read: Callable[[], Any]) -> str:
    try:
        return repr(read())
    except Exception as error:  # noqa: BLE001  # whatever a random pickle raises
        return repr(type(error))


ARGUMENTS: dict[str, st.SearchStrategy[bytes]] = {
    "uint1": st.integers(0, 3).map(lambda n: bytes([n])),
    "uint2": st.integers(0, 3).map(lambda n: n.to_bytes(2, "little")),
    "uint4": st.integers(0, 3).map(lambda n: n.to_bytes(4, "little")),
    "uint8": st.integers(0, 3).map(lambda n: n.to_bytes(8, "little")),
    "int4": st.integers(0, 3).map(lambda n: n.to_bytes(4, "little")),
    "float8": st.just(bytes(8)),
    "decimalnl_short": st.sampled_from([b"0\n", b"1\n"]),
    "decimalnl_long": st.sampled_from([b"0L\n", b"1L\n"]),
    "floatnl": st.just(b"1.5\n"),
    "stringnl": st.just(b"'builtins'\n"),
    "stringnl_noescape": st.just(b"x\n"),
    "stringnl_noescape_pair": st.just(b"builtins\ndict\n"),
    "unicodestringnl": st.just(b"dict\n"),
}
"""What follows an opcode; a value with its length is any of `TEXTS`."""

TEXTS = [b"builtins", b"dict", b"c", b"i", b"R", b"", b"\n", b"\x93", b"cos\nsystem\n"]
LENGTHS = {"1": 1, "4": 4, "8": 8}


def argument_of(opcode: pickletools.OpcodeInfo) -> st.SearchStrategy[bytes]:
    if opcode.arg is None:
        return st.just(b"")
    found = ARGUMENTS.get(opcode.arg.name)
    if found is not None:
        return found
    size = LENGTHS[opcode.arg.name[-1]]
    return st.sampled_from(TEXTS).map(lambda text: len(text).to_bytes(size, "little") + text)


def step(opcode: pickletools.OpcodeInfo) -> st.SearchStrategy[bytes]:
    return argument_of(opcode).map(lambda argument: opcode.code.encode("latin-1") + argument)


# A frame only says how much to read at once; one that lies is an error in files alone.
STEPS = st.sampled_from([each for each in pickletools.opcodes if each.name != "FRAME"]).flatmap(
    step
)
STREAMS = st.lists(STEPS, max_size=12).map(lambda steps: b"".join(steps) + b".")
"""Programs of whatever opcodes there are, most of which fail somewhere."""


@given(payload=STREAMS)
@settings(max_examples=1000)
def test_no_program_that_passes_for_plain_names_anything(payload: bytes) -> None:
    if names_no_class(payload):
        carefully = outcome(_Watching(io.BytesIO(payload)).load)
        assert outcome(lambda: pickle.loads(payload)) == carefully


WAYS = {
    "GLOBAL": b"cbuiltins\ndict\n.",
    "INST": b"(ibuiltins\ndict\n.",
    "STACK_GLOBAL": b"\x8c\x08builtins\x8c\x04dict\x93.",
    "EXT1": b"\x82\xf1.",
    "EXT2": b"\x83\xf1\xf1.",
    "EXT4": b"\x84\xf1\xf1\xf1\x71.",
}
"""Every opcode that names a class, or runs what was registered in place of a name."""


@pytest.mark.parametrize("payload", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("before", [b"", b"\x80\x05", b"N0", b"\x8c\x01cr\x01\0\0\x000"])
def test_each_way_to_name_a_class_is_told_by_that_way_alone(
    payload: bytes, before: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for code in (0xF1, 0xF1F1, 0x71F1F1F1):
        monkeypatch.setitem(copyreg._inverted_registry, code, ("builtins", "dict"))  # type: ignore[attr-defined]  # not in stubs
    with pytest.raises(_Naming):
        _Watching(io.BytesIO(before + payload)).load()
    assert not names_no_class(before + payload)


CALLS = {
    "REDUCE": b"X\x01\0\0\0x)R.",
    "NEWOBJ": b"X\x01\0\0\0x)\x81.",
    "NEWOBJ_EX": b"X\x01\0\0\0x)}\x92.",
    "OBJ": b"(X\x01\0\0\0xo.",
    "BUILD": b"X\x01\0\0\0x}X\x01\0\0\0yNsb.",
    "PERSID": b"Px\n.",
    "BINPERSID": b"NQ.",
    "NEXT_BUFFER": b"\x97.",
}


@pytest.mark.parametrize("payload", CALLS.values(), ids=CALLS)
def test_what_calls_has_nothing_to_call_without_a_name(payload: bytes) -> None:
    """Why the rule may leave these opcodes out."""
    with pytest.raises((pickle.UnpicklingError, TypeError, AttributeError)):
        pickle.loads(payload)


def test_every_opcode_that_names_something_is_told() -> None:
    """Those that the standard library knows: a new one would have to be looked at."""
    naming = [each for each in pickletools.opcodes if each.name in {"GLOBAL", "INST"}]
    assert [each.arg.name for each in naming if each.arg] == ["stringnl_noescape_pair"] * 2
    others = {"EXT1", "EXT2", "EXT4", "STACK_GLOBAL"}
    coded = [each.code.encode("latin-1") for each in pickletools.opcodes if each.name in others]
    assert len(coded) == len(others)
    assert not any(names_no_class(code) for code in coded)
    assert max(each.proto for each in pickletools.opcodes) == pickle.HIGHEST_PROTOCOL == PROTOCOL


@pytest.mark.parametrize("opcode", [b"c", b"(i"])
def test_no_names_end_without_a_newline(opcode: bytes, tmp_path: Path) -> None:
    """What the plain unpickler is trusted with, whatever else stands in the pickle."""
    for names in (b"posix\nmkdir", b"posix", b"posix mkdir "):
        with pytest.raises(pickle.UnpicklingError):
            pickle.loads(opcode + names + b"X\x01\0\0\0x\x85R.")
