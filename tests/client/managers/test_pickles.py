"""Proxies go out as the standard library's and come in as ours; what is plain is left alone."""

from __future__ import annotations

import multiprocessing.managers as standard
import pickle
from typing import Any

import pytest

from shared_state import managers as ours
from shared_state.managers.pickles import MENTION, dumps, is_plain, loads, reading

PLAIN: tuple[Any, ...] = ("id", "method", (None, True, 1, 1.5, "text", b"bytes"), {})

PROXIES = ("AcquirerProxy", "DictProxy", "ListProxy", "NamespaceProxy", "ValueProxy")


def proxy(name: str = "ListProxy") -> Any:
    """A proxy of an object that nobody asks for: it counts no reference."""
    token = ours.Token("list", ("127.0.0.1", 1), "id")
    return getattr(ours, name)(token, "pickle", authkey=b"key", incref=False)


class Ours(ours.BaseProxy):
    """A user's proxy, by which no server calls anything of its own."""


def key() -> bytes | None:
    return reading.authkey


class Curious:
    """Says, when it is read, which key the proxies beside it would get."""

    def __reduce__(self) -> Any:
        return key, ()


class Broken:
    """Cannot be read."""

    def __reduce__(self) -> Any:
        return int, ("none",)


@pytest.mark.parametrize(
    "request_",
    [
        ("id", "method", ([],), {}),
        ("id", "method", (), {"keyword": 1}),
        ("id", "method", ()),
        ["id", "method", (), {}],
        None,
    ],
    ids=["a container", "a keyword", "a part less", "a list", "nothing"],
)
def test_what_may_hold_a_proxy_is_not_plain(request_: Any) -> None:
    assert not is_plain(request_)


def test_a_request_of_atoms_is_plain_and_the_same_either_way() -> None:
    assert is_plain(PLAIN)
    assert pickle.loads(dumps(PLAIN)) == loads(pickle.dumps(PLAIN), b"key") == PLAIN
    assert MENTION not in pickle.dumps(PLAIN)


def test_a_request_with_a_proxy_is_not_plain() -> None:
    assert not is_plain(("id", "method", (proxy(),), {}))


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_of_ours_goes_out_as_the_standard_librarys(name: str) -> None:
    data = dumps(proxy(name))
    assert MENTION in data
    assert name.encode() in data
    assert b"shared_state" not in data


def test_a_users_own_proxy_goes_out_as_itself_for_the_standard_library_to_rebuild() -> None:
    data = dumps(Ours(ours.Token("own", ("127.0.0.1", 1), "id"), "pickle", incref=False))
    assert MENTION in data
    assert Ours.__module__.encode() in data
    assert b"shared_state" not in data


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_of_the_standard_library_comes_in_as_ours(name: str) -> None:
    assert loads(pickle.dumps(getattr(standard, name)), None) is getattr(ours, name)


def test_what_only_the_standard_library_has_comes_in_as_it_is() -> None:
    assert loads(pickle.dumps(standard.Token), None) is standard.Token
    assert loads(pickle.dumps(standard.dispatch), None) is standard.dispatch  # type: ignore[attr-defined]  # not in stubs


def test_the_key_of_the_connection_is_known_while_a_reply_is_read() -> None:
    assert loads(dumps([Curious()]), b"key") == [b"key"]
    assert reading.authkey is None


def test_no_key_is_left_behind_by_what_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        loads(dumps(Broken()), b"key")
    assert reading.authkey is None
