"""What a pickle of a client may name: plain classes, those the operator named, and nothing else."""

from __future__ import annotations

import collections
import datetime
import decimal
import os
import pickle
import pickletools
from pathlib import Path
from typing import Any, NoReturn

import pytest

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


def no_proxies(*_: Any, here: bool) -> NoReturn:
    pytest.fail("there is no proxy in it")


def read(classes: Classes, value: Any, *, here: bool = False, protocol: int = 4) -> Any:
    return classes.load(pickle.dumps(value, protocol), no_proxies, here=here)


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
    assert read(Classes(()), value, here=True) == value


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_is_not_named_is_refused_by_name_and_not_run(tmp_path: Path, protocol: int) -> None:
    made = tmp_path / "made"
    for here in (True, False):
        with pytest.raises(pickle.UnpicklingError, match=r"posix\.mkdir.*posix:mkdir"):
            read(Classes((f"{__name__}:Job",)), Bomb(made), here=here, protocol=protocol)
    assert not made.exists()


@pytest.mark.parametrize("name", ["dict.fromkeys", "str.join", "getattr", "eval", "__import__"])
def test_nothing_is_reached_through_a_class_that_is_allowed(name: str) -> None:
    payload = b"\x80\x04" + b"".join(
        b"\x8c" + bytes([len(part)]) + part for part in (b"builtins", name.encode())
    )
    with pytest.raises(pickle.UnpicklingError, match="not allowed"):
        Classes(()).load(payload + b"\x93.", no_proxies, here=False)


def test_a_named_class_is_read_outside_the_loop_because_its_code_is_not_known() -> None:
    classes = Classes((f"{__name__}:Job",))
    with pytest.raises(Elsewhere):
        read(classes, Job(), here=True)
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
