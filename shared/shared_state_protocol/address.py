"""Addresses: parsed once, printed the same way everywhere.

==========================  ======================================================
``tcp://host:port``         TCP; ``host:port`` and ``host`` mean the same
``unix:///path``            a Unix socket on this host
``("host", port)``          the standard library's form of a TCP address
``tls://host:port``         TCP under TLS; read, so that it can be refused by name
==========================  ======================================================

An IPv6 host stands in brackets when a port follows: ``tcp://[::1]:50000``.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

__all__ = ["DEFAULT_PORT", "Address"]

DEFAULT_PORT = 50000
MAX_PORT = 65535


@dataclass(frozen=True)
class Address:
    """Where a server listens: `scheme` is ``tcp``, ``tls`` or ``unix``."""

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, text: str | tuple[str, int] | Address) -> Address:
        """Read an address in any of the forms above.

        Raises:
            ValueError: it is none of them; the message says which forms there are.
        """
        if isinstance(text, Address):
            return text
        if isinstance(text, tuple):
            return cls("tcp", host=text[0], port=text[1])
        scheme, separator, rest = text.partition("://")
        if not separator:
            scheme, rest = "tcp", text
        if scheme == "unix" and rest.startswith("/"):
            return cls("unix", path=rest)
        if scheme in ("tcp", "tls") and rest:
            host, port = _split_host(rest)
            return cls(scheme, host=host, port=port)
        raise ValueError(
            f"{text!r} is no address: expected 'host:port', 'tcp://host:port' or 'unix:///path'"
        )

    @property
    def is_loopback(self) -> bool:
        """Whether only this host can reach it."""
        if self.scheme == "unix" or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        if self.scheme == "unix":
            return f"unix://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def _split_host(text: str) -> tuple[str, int]:
    if text.startswith("["):
        host, closed, rest = text[1:].partition("]")
        if not closed or rest[:1] not in ("", ":"):
            host = ""
        port = rest[1:]
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if not host:
        raise ValueError(f"{text!r} names no host: expected 'host:port' or '[host]:port'")
    if not port:
        return host, DEFAULT_PORT
    if not port.isascii() or not port.isdigit() or int(port) > MAX_PORT:
        raise ValueError(f"{port!r} is no port: expected a number from 0 to {MAX_PORT}")
    return host, int(port)
