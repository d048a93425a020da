"""Plain classes make what a pickle has, and not what a few bytes of it ask for."""

from __future__ import annotations

import pickle
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NoReturn

import pytest

from shared_state_server.stdlib.classes import Classes

LONG = 20_000_000


class Made:
    """What a pickle makes by calling a class."""

    def __init__(self, made: Callable[..., Any], *args: Any) -> None:
        self.call = made, args

    def __reduce__(self) -> Any:
        return self.call


def no_proxies(*_: Any) -> NoReturn:
    pytest.fail("there is no proxy in it")


def read(value: Any, named: tuple[str, ...] | None = (), protocol: int = 4) -> Any:
    return Classes(named).load(pickle.dumps(value, protocol), no_proxies, plain_only=True)


@pytest.mark.parametrize("made", [list, tuple, set, frozenset, deque, Counter, bytes, bytearray])
def test_nothing_is_made_of_a_long_range(made: Callable[..., Any]) -> None:
    with pytest.raises(pickle.UnpicklingError, match="far more"):
        read(Made(made, range(LONG)))


@pytest.mark.parametrize("made", [bytes, bytearray])
def test_no_zeros_are_made_of_a_number(made: Callable[..., Any]) -> None:
    with pytest.raises(pickle.UnpicklingError, match="far more"):
        read(Made(made, LONG))
    assert read(Made(made, 5)) == bytes(5)


def test_a_list_is_not_copied_many_times() -> None:
    items = list(range(1000))
    assert read([Made(deque, items) for _ in range(5)]) == [deque(items)] * 5
    with pytest.raises(pickle.UnpicklingError, match="far more"):
        read([Made(deque, items) for _ in range(1000)])


@pytest.mark.parametrize("argument", ["1e300000", "1E-9", "1" * 5000, 1 << 40_000, [1]], ids=type)
def test_a_fraction_is_made_of_short_numbers(argument: Any) -> None:
    with pytest.raises((pickle.UnpicklingError, TypeError)):
        read(Made(Fraction, argument))


def test_a_text_is_made_of_none_but_texts() -> None:
    with pytest.raises(pickle.UnpicklingError, match="text or bytes"):
        read(Made(str, [1]))


VALUES: list[Any] = [
    *(b"", b"bytes", bytearray(b"x" * 20_000), set(range(20_000)), frozenset("ab"), range(LONG)),
    *(deque([1, 2], 5), Counter("aab"), OrderedDict(a=1), array("d", [1.0] * 20_000), array("i")),
    *(Fraction(1, 3), Fraction(-(10**1000), 7), {1: {2}}, defaultdict(list, a=[1])),
]


@pytest.mark.parametrize("protocol", range(3, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_what_a_client_has_is_read_as_it_is(value: Any, protocol: int) -> None:
    found = read(value, protocol=protocol)
    assert (type(found), found) == (type(value), value)
    if isinstance(found, defaultdict):
        assert found.default_factory is list


def test_whoever_is_trusted_with_any_class_has_no_allowance() -> None:
    assert len(read(Made(bytearray, LONG), None)) == LONG
