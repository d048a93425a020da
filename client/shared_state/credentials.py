"""Credentials: where a client finds the authkey and the address when it is given none.

The key is, in this order: the one given; ``SHARED_STATE_AUTHKEY``; the content of the file that
``SHARED_STATE_AUTHKEY_FILE`` names; ``multiprocessing.current_process().authkey`` if somebody set
it; the key file that ``shared-state serve`` wrote for this user. The address is the one given,
``SHARED_STATE_ADDRESS``, or this host's default port. There may be several, of servers that stand
in for each other: the first that answers is taken.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TypeGuard, cast

from shared_state_protocol.address import Address
from shared_state_protocol.authkey import (
    KEY_FILE_VARIABLE,
    KEY_VARIABLE,
    MAX_KEY_FILE_BYTES,
    KeyFileRefused,
    check_named_file,
    check_own_file,
    default_key_path,
    key_in,
    parse_key,
)
from shared_state_protocol.errors import AuthenticationError

__all__ = ["Place", "Places", "find_addresses", "find_key"]

DEFAULT_ADDRESS = "127.0.0.1"

_RANDOM_KEY_BYTES = 32
_key_at_import = bytes(multiprocessing.current_process().authkey)


Place = str | tuple[str, int] | Address
"""An address in any of its forms; a text may be several, with commas between them."""

Places = Place | Sequence[Place]

_FORMS = (str, Address, Iterable)


def find_addresses(given: Places | None) -> tuple[Address, ...]:
    """Return the addresses to connect to, in the order in which they are to be tried.

    Raises:
        TypeError: what was given is of no type that an address has.
        ValueError: what was given, or stands in the environment, is no address.
    """
    if given is not None and (isinstance(given, bytes) or not isinstance(given, _FORMS)):
        raise TypeError(f"an address is 'host:port', (host, port) or a list of such, not {given!r}")
    wanted = given or os.environ.get("SHARED_STATE_ADDRESS") or DEFAULT_ADDRESS
    if isinstance(wanted, str):
        return tuple(Address.parse(text.strip()) for text in wanted.split(","))
    if isinstance(wanted, Address) or _is_pair(wanted):
        return (Address.parse(wanted),)
    several = cast("Sequence[Place]", wanted)
    return tuple(address for place in several for address in find_addresses(place))


def _is_pair(wanted: Places) -> TypeGuard[tuple[str, int]]:
    """Return whether it is (host, port), and no tuple of addresses."""
    return isinstance(wanted, tuple) and len(wanted) == 2 and isinstance(wanted[1], int)


def find_key(given: bytes | None) -> bytes:
    """Return the key to prove.

    Raises:
        AuthenticationError: there is none anywhere, or what is there is empty, cannot be read or
            must not be trusted; the message names the place.
        TypeError: what was given is no bytes.
    """
    if given is not None:
        if not isinstance(given, (bytes, bytearray)):
            raise TypeError(f"an authkey is bytes, not {type(given).__name__}")
        return bytes(given)
    if text := os.environ.get(KEY_VARIABLE):
        return _key_of_variable(text)
    if path := os.environ.get(KEY_FILE_VARIABLE):
        return _named_key(path)
    process_key = bytes(multiprocessing.current_process().authkey)
    if process_key != _key_at_import or not _looks_random(process_key):
        return process_key
    return _user_key()


def _looks_random(key: bytes) -> bool:
    """Tell the key that every process makes for itself, or inherits so, from one that was set."""
    return len(key) == _RANDOM_KEY_BYTES and not (key.isascii() and key.decode().isprintable())


def _key_of_variable(text: str) -> bytes:
    try:
        return parse_key(text)
    except ValueError as error:
        raise AuthenticationError(f"{KEY_VARIABLE}: {error}") from None


def _named_key(path: str) -> bytes:
    try:
        return _read_key(path, check_named_file)
    except OSError as error:
        raise AuthenticationError(f"{KEY_FILE_VARIABLE}={path}: {error.strerror}") from error
    except KeyFileRefused as refused:  # which begins with the path
        raise AuthenticationError(f"{KEY_FILE_VARIABLE}={refused}") from None


def _user_key() -> bytes:
    path = ""
    try:
        path = default_key_path(os.environ)
        return _read_key(path, lambda path, status: check_own_file(path, status, os.geteuid()))
    except FileNotFoundError:
        raise AuthenticationError(
            f"no authkey: give authkey=…, set {KEY_VARIABLE} or {KEY_FILE_VARIABLE}, or "
            f"start `shared-state serve` as this user on this machine, which writes {path}"
        ) from None
    except OSError as error:
        raise AuthenticationError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # it is not to be trusted, or there is no place for it
        raise AuthenticationError(str(error)) from None


def _read_key(path: str, check: Callable[[str, os.stat_result], None]) -> bytes:
    with open(path, "rb") as file:
        check(path, os.fstat(file.fileno()))
        return key_in(path, file.read(MAX_KEY_FILE_BYTES + 1))
