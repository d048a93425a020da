"""Errors: the tree that the docstring shows, and what of it crosses the wire."""

from __future__ import annotations

import multiprocessing
import queue
import re
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_state_protocol import errors
from shared_state_protocol.errors import (
    WIRE_NAMES,
    EditConflict,
    FixTheCall,
    GiveUp,
    ProtocolError,
    SendAgain,
    SharedStateError,
    ShutDown,
    from_wire,
    to_wire,
)

FAMILIES = {SendAgain, FixTheCall, GiveUp}


def ours() -> list[type[Exception]]:
    """Return every error class of this module, by the order in which it stands there."""
    return [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, SharedStateError)
    ]


def drawn() -> dict[str, int]:
    """Return the names in the docstring's tree, with how deep they stand."""
    assert errors.__doc__ is not None
    lines = re.findall(r"^    ([│├└─ ]*)(\w+)", errors.__doc__, re.MULTILINE)
    return {name: len(branches) // 4 for branches, name in lines}


def test_the_docstring_draws_the_whole_tree() -> None:
    assert drawn() == {each.__name__: depth_of(each) for each in ours()}


def depth_of(error: type[Exception]) -> int:
    """Return how many of our own classes `error` descends from."""
    return sum(issubclass(each, SharedStateError) for each in error.__mro__) - 1


def test_every_error_is_in_one_family_by_what_the_caller_can_do() -> None:
    for error in set(ours()) - FAMILIES - {SharedStateError}:
        assert len([family for family in FAMILIES if issubclass(error, family)]) == 1


@pytest.mark.parametrize("error", WIRE_NAMES, ids=lambda error: WIRE_NAMES[error])
def test_an_error_arrives_as_it_was_raised(error: type[Exception]) -> None:
    named = to_wire(error("a reason", b"\xa1k"))
    assert named is not None
    arrived = from_wire(*named)
    assert type(arrived) is error
    assert arrived.args == ("a reason", b"\xa1k")


def test_the_names_on_the_wire_are_each_of_one_class() -> None:
    assert len(set(WIRE_NAMES.values())) == len(WIRE_NAMES)


def test_every_error_that_a_call_can_end_in_has_a_name_on_the_wire() -> None:
    families_and_root = FAMILIES | {SharedStateError}
    of_clients_alone = {EditConflict}
    assert set(ours()) - families_and_root - of_clients_alone <= set(WIRE_NAMES)


def test_what_is_no_error_of_the_contract_does_not_leave_the_server() -> None:
    class Surprise(LookupError):
        """Of somebody's own."""

    assert to_wire(Surprise("secret")) is None
    assert to_wire(OSError(2, "No such file", "/etc/secret")) is None
    assert to_wire(AssertionError()) is None


def test_what_a_calculation_raises_is_named_by_the_nearest_standard_class() -> None:
    class NoLoop(TypeError):
        """Of a library's own, with arguments that do not travel and a text that does."""

        def __str__(self) -> str:
            return "no such sum"

    assert to_wire(NoLoop(object(), b"\xa1k")) == ("TypeError", ["no such sum"])
    assert to_wire(FloatingPointError("overflow")) == ("ArithmeticError", ["overflow"])
    undecodable = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a reason")
    assert to_wire(undecodable) == ("ValueError", [str(undecodable)])


def test_only_plain_arguments_travel() -> None:
    assert to_wire(KeyError(object(), "name", None, 1.5, ["list"])) == ("KeyError", ["name"])


@given(st.none() | st.integers() | st.text() | st.lists(st.text()), st.lists(st.integers()))
def test_a_name_that_is_not_known_is_the_servers_fault(name: Any, arguments: list[Any]) -> None:
    if name not in WIRE_NAMES.values():
        assert type(from_wire(name, arguments)) is ProtocolError


def test_the_standard_librarys_own_classes_are_used() -> None:
    assert errors.AuthenticationError is multiprocessing.AuthenticationError
    assert issubclass(errors.TypeMismatch, TypeError)
    assert issubclass(errors.ObjectNotFound, LookupError)
    assert issubclass(errors.EncodingError, TypeError)
    assert issubclass(errors.LimitExceeded, ValueError)
    assert WIRE_NAMES[queue.Empty] == "queue.Empty"
    assert WIRE_NAMES[queue.Full] == "queue.Full"


def test_shut_down_is_the_standard_librarys_where_it_has_one() -> None:
    if sys.version_info >= (3, 13):
        assert ShutDown is queue.ShutDown
    else:
        assert issubclass(ShutDown, Exception)
        assert WIRE_NAMES[ShutDown] == "queue.ShutDown"
