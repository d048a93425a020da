"""The registry: instances travel under a name, and come back without their constructor."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import InitVar, dataclass, field
from enum import Enum, Flag, IntFlag
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from shared_state_protocol import registry as module
from shared_state_protocol.codec import Codec
from shared_state_protocol.errors import DecodingError
from shared_state_protocol.registry import Registry

T = TypeVar("T")


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def codec(registry: Registry) -> Codec:
    return Codec(registry=registry)


class Colour(Enum):
    RED = object()
    CRIMSON = RED


class Right(Flag):
    READ = 1
    WRITE = 2


class Wide(IntFlag):
    READ = 1


@dataclass
class Plain:
    a: int
    b: list[int] = field(default_factory=list)
    c: str = "c"
    kind: ClassVar[str] = "not a field"

    @cached_property
    def doubled(self) -> int:
        return 2 * self.a


@dataclass(frozen=True, slots=True)
class Frozen:
    a: Any


@dataclass
class Derived:
    """Its constructor cannot be called with what it consists of."""

    start: InitVar[int]
    total: int = field(init=False)
    calls: ClassVar[int] = 0

    def __post_init__(self, start: int) -> None:
        type(self).calls += 1
        self.total = start + 1


@dataclass
class Box(Generic[T]):
    content: T


@pytest.mark.parametrize(
    "value",
    [
        Colour.RED,
        Colour.CRIMSON,
        Right.READ,
        Right.READ | Right.WRITE,
        Right(0),
        Wide.READ | 64,
        Plain(1, [2], "d"),
        Frozen(Frozen(None)),
        Box[int](1),
    ],
    ids=repr,
)
def test_an_instance_comes_back(registry: Registry, codec: Codec, value: Any) -> None:
    registry.register(type(value))
    back = codec.decode(codec.encode([value, {value.__class__.__name__: value}]))
    assert back == [value, {value.__class__.__name__: value}]
    assert type(back[0]) is type(value)


def test_a_member_is_the_member_itself(registry: Registry, codec: Codec) -> None:
    registry.register(Colour)
    assert codec.decode(codec.encode(Colour.CRIMSON)) is Colour.RED


def test_decoding_does_not_call_the_constructor(registry: Registry, codec: Codec) -> None:
    registry.register(Derived)
    payload = codec.encode(Derived(1))
    calls = Derived.calls
    assert codec.decode(payload).total == 2
    assert Derived.calls == calls


def test_what_is_no_field_stays_behind(registry: Registry, codec: Codec) -> None:
    registry.register(Plain)
    value = Plain(21)
    assert value.doubled == 42
    assert vars(codec.decode(codec.encode(value))).keys() == {"a", "b", "c"}


# Names


def test_register_is_a_decorator_in_both_ways(registry: Registry, codec: Codec) -> None:
    @registry.register
    @dataclass
    class One:
        a: int

    @registry.register(name="two")
    @dataclass
    class Two:
        a: int

    payloads = [codec.encode(One(1)), codec.encode(Two(1))]
    assert f"{__name__}.{One.__qualname__}".encode() in payloads[0]
    assert b"two" in payloads[1]
    assert [type(codec.decode(payload)) for payload in payloads] == [One, Two]


def test_registering_twice_is_once(registry: Registry) -> None:
    assert registry.register(Colour) is registry.register(Colour) is Colour
    assert registry.register(Plain, name="plain") is registry.register(Plain, name="plain")


def test_a_name_is_for_one_class(registry: Registry) -> None:
    registry.register(Colour, name="taken")
    with pytest.raises(ValueError, match=r"'taken'.*Colour"):
        registry.register(Plain, name="taken")
    with pytest.raises(ValueError, match=r"Colour.*'taken'"):
        registry.register(Colour, name="other")


def factory() -> type:
    @dataclass
    class Local:
        a: int

    return Local


def test_two_local_classes_of_one_name_are_two(registry: Registry) -> None:
    registry.register(factory())
    with pytest.raises(ValueError, match="another name"):
        registry.register(factory())


def test_a_class_that_is_defined_again_takes_the_place(registry: Registry, codec: Codec) -> None:
    fields = ["a", "b", "c"]
    again = dataclasses.make_dataclass("Plain", fields, namespace={"__module__": __name__})
    registry.register(Plain)
    registry.register(again)
    assert type(codec.decode(codec.encode(again(1, 2, 3)))) is again
    assert type(codec.decode(codec.encode(Plain(1)))) is again


def test_children_find_the_classes_of_the_main_module(registry: Registry, codec: Codec) -> None:
    parent = dataclasses.make_dataclass("Job", ["a"], namespace={"__module__": "__main__"})
    child = dataclasses.make_dataclass("Job", ["a"], namespace={"__module__": "__mp_main__"})
    registry.register(parent)
    payload = codec.encode(parent(1))
    other = Registry()
    other.register(child)
    assert type(Codec(registry=other).decode(payload)) is child


def test_there_is_one_registry_for_the_process() -> None:
    assert module.register(name="only here")(Frozen) is Frozen
    assert Codec().decode(Codec().encode(Frozen(1))) == Frozen(1)


# What cannot be registered


class Ordinary:
    pass


@dataclass
class AlsoAList(list[int]):
    a: int = 0


@pytest.mark.parametrize("cls", [Ordinary, int, Plain(1), None.__class__, AlsoAList, "Plain"])
def test_only_enums_and_dataclasses_can_be_registered(registry: Registry, cls: Any) -> None:
    with pytest.raises(TypeError, match=r"Enum or a dataclass|a list too"):
        registry.register(cls)


# Two versions of a program


def versions(older: type, newer: type) -> Iterator[Codec]:
    for cls in (older, newer):
        registry = Registry()
        registry.register(cls, name="job")
        yield Codec(registry=registry)


@dataclass
class Job:
    a: int


@dataclass
class LaterJob:
    a: int
    b: list[int] = field(default_factory=list)
    c: str = "c"


@dataclass
class StricterJob:
    a: int
    b: int


def test_a_new_field_gets_its_default() -> None:
    older, newer = versions(Job, LaterJob)
    first, second = (newer.decode(older.encode(Job(1))) for _ in range(2))
    assert first == second == LaterJob(1, [], "c")
    assert first.b is not second.b


def test_a_new_field_without_a_default_is_missing() -> None:
    older, newer = versions(Job, StricterJob)
    with pytest.raises(DecodingError, match=r"StricterJob.*'b'"):
        newer.decode(older.encode(Job(1)))


def test_a_field_that_is_gone_is_not_dropped() -> None:
    older, newer = versions(Job, LaterJob)
    with pytest.raises(DecodingError, match=r"Job.*no field 'b'"):
        older.decode(newer.encode(LaterJob(1)))


def test_a_class_that_is_not_registered_here_is_named(registry: Registry, codec: Codec) -> None:
    registry.register(Frozen)
    with pytest.raises(DecodingError, match=r"Frozen.*shared_state\.register"):
        Codec(registry=Registry()).decode(codec.encode(Frozen(1)))
