"""The registry: which of the user's classes may travel, and under which names.

Theory
------
An instance travels as a name and its contents, never as code, so both ends must know the class by
the same name: by default ``module.qualname``, or the one that was given. A server needs no classes;
it keeps what comes as it came (see `placeholders.Opaque`).

An Enum member travels as its name, because its value may be anything; a Flag as its value, because
combinations have no name of their own.

A dataclass travels as its fields. It is put together with ``object.__new__`` and
``object.__setattr__``, as unpickling does, not by calling the class: ``__post_init__`` would run a
second time on fields that it had already changed, fields with ``init=False`` could not be set and
an ``InitVar`` is not there any more. So frozen classes and classes with slots come back as they
were, and decoding runs nothing of the class but defaults of fields that the sender did not have:
two ends may run different versions of a program as long as new fields have defaults.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from enum import Enum, Flag
from typing import Any, TypeVar, overload

from .errors import DecodingError
from .extensions import DATACLASS, ENUM

__all__ = ["REGISTRY", "Registry", "can_register", "register"]

_Class = TypeVar("_Class", bound=type)


class Registry:
    """Classes by name, and names by class."""

    __slots__ = ("_classes", "_names")

    def __init__(self) -> None:
        self._classes: dict[str, type] = {}
        self._names: dict[type, str] = {}

    @overload
    def register(self, cls: _Class, /, *, name: str | None = None) -> _Class: ...
    @overload
    def register(self, /, *, name: str) -> Callable[[_Class], _Class]: ...
    def register(
        self, cls: _Class | None = None, /, *, name: str | None = None
    ) -> _Class | Callable[[_Class], _Class]:
        """Let instances of an Enum or dataclass be stored, under `name` or ``module.qualname``.

        Usable as ``register(cls)``, ``@register`` and ``@register(name="…")``.

        Raises:
            TypeError: it is neither an Enum nor a dataclass, or also a built-in type.
            ValueError: another class has that name, or this one has another name.
        """
        if cls is None:
            return lambda cls: self.register(cls, name=name)
        _check_kind(cls)
        self._enter(cls, name or _default_name(cls))
        return cls

    def _enter(self, cls: type, name: str) -> None:
        known = self._classes.get(name, cls)
        if known is not cls and not _is_redefinition(known, cls):
            raise ValueError(f"{name!r} is registered for {known!r} already: give another name")
        if self._names.get(cls, name) != name:
            raise ValueError(f"{cls!r} is registered as {self._names[cls]!r} already")
        self._classes[name] = cls
        self._names[cls] = name

    def reduce(self, value: object) -> tuple[int, list[Any]] | None:
        """Return tag and body for an instance of a registered class, None for anything else."""
        name = self._names.get(type(value))
        if name is None:
            return None
        if isinstance(value, Flag):
            return ENUM, [name, value._value_]
        if isinstance(value, Enum):
            return ENUM, [name, value._name_]
        return DATACLASS, [name, *_parts(value)]

    def build(self, tag: int, body: list[Any]) -> object:
        """Return the instance that `reduce` made `body` of.

        Raises:
            DecodingError: nobody registered a class of that name here, or it has other fields.
        """
        name, *parts = body
        cls: Any = self._classes.get(name)
        if cls is None:
            raise DecodingError(
                f"an instance of {name!r}, which is not registered here: "
                "call shared_state.register() with the class first"
            )
        if issubclass(cls, Enum) != (tag == ENUM):
            raise DecodingError(f"{name!r} is an Enum on one side and a dataclass on the other")
        return _member(cls, *parts) if tag == ENUM else _instance(cls, parts)


def can_register(cls: type) -> bool:
    """Return whether instances of a class can travel at all once it is registered."""
    try:
        _check_kind(cls)
    except TypeError:
        return False
    return True


def _check_kind(cls: type[Any]) -> None:
    if not isinstance(cls, type) or not (issubclass(cls, Enum) or dataclasses.is_dataclass(cls)):
        raise TypeError(f"only an Enum or a dataclass can be registered, and {cls!r} is neither")
    for base in cls.__mro__[1:-1]:
        if base.__module__ == "builtins" and not issubclass(cls, Enum):
            raise TypeError(f"{cls!r} is a {base.__name__} too, whose content would be lost")


def _default_name(cls: type[Any]) -> str:
    # Children of multiprocessing's spawn and forkserver import the main module under another name.
    module = "__main__" if cls.__module__ == "__mp_main__" else cls.__module__
    return f"{module}.{cls.__qualname__}"


def _is_redefinition(known: type, cls: type) -> bool:
    """Return whether one place of a program defined both, as reloading and notebooks do."""
    same_place = (known.__module__, known.__qualname__) == (cls.__module__, cls.__qualname__)
    return same_place and "<locals>" not in cls.__qualname__


def _parts(value: Any) -> list[Any]:
    """Return name and value of each field, one after the other."""
    fields = dataclasses.fields(value)
    return [part for field in fields for part in (field.name, getattr(value, field.name))]


def _member(cls: Any, member: Any) -> object:
    return cls(member) if issubclass(cls, Flag) else cls[member]


def _instance(cls: Any, parts: list[Any]) -> object:
    given = dict(zip(parts[::2], parts[1::2], strict=True))
    instance = object.__new__(cls)
    for field in dataclasses.fields(cls):
        value = given.pop(field.name) if field.name in given else _default(cls, field)
        object.__setattr__(instance, field.name, value)
    if given:
        raise DecodingError(f"{cls!r} has no field {next(iter(given))!r}: update it on this side")
    return instance


def _default(cls: type, field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    raise DecodingError(f"{cls!r} needs a field {field.name!r}, which the sender's class has not")


REGISTRY = Registry()
"""The classes of this process."""

register = REGISTRY.register
