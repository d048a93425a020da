"""The firewall of one host: what it drops, or answers with a reset, on its way in or out.

It is a table of the kernel's nf_tables, made and removed by netlink messages that are put together
here by hand, because the images have no iptables. One rule says it all: whatever does not go over
the loopback (where Docker answers for names) meets a verdict. Attributes are those of
linux/netfilter/nf_tables.h; numbers are big-endian, but for the headers and an interface's index.
"""

from __future__ import annotations

import enum
import os
import socket
import struct
from typing import NamedTuple

NETLINK_NETFILTER = 12
NFT = 10 << 8  # the subsystem's number, in the upper byte of a message's type
NEW_TABLE, DELETE_TABLE, NEW_CHAIN, NEW_RULE = NFT, NFT | 2, NFT | 3, NFT | 6
BATCH_BEGIN, BATCH_END = 0x10, 0x11
REQUEST, ACK, CREATE = 0x1, 0x4, 0x400
NLMSG_ERROR = 2
NESTED = 0x8000
IPV4 = 2  # NFPROTO_IPV4
HEADER = struct.Struct("=IHHII")
TABLE = b"firewall\0"
LOOPBACK_INDEX = 1  # in every network namespace
REGISTER = 1
REPLY_BYTES = 1 << 16


class Way(enum.Enum):
    """In which direction, as this host sees it: the name of the chain, its hook, the interface."""

    IN = (b"in\0", 1, 4)  # NF_INET_LOCAL_IN, NFT_META_IIF
    OUT = (b"out\0", 3, 5)  # NF_INET_LOCAL_OUT, NFT_META_OIF


class Message(NamedTuple):
    """One message of a batch."""

    kind: int
    flags: int
    attributes: bytes


def close(ways: list[Way], *, reset: bool) -> None:
    """Let nothing pass in these directions: drop it, or answer it with a TCP reset."""
    verdict = _reject_with_reset() if reset else _drop()
    messages = [Message(NEW_TABLE, CREATE, _attribute(1, TABLE))]
    for way in ways:
        messages += [_chain(way), _rule(way, verdict)]
    _commit(messages)


def open_again() -> None:
    """Let everything pass."""
    name = _attribute(1, TABLE)
    _commit([Message(NEW_TABLE, CREATE, name), Message(DELETE_TABLE, 0, name)])


def _chain(way: Way) -> Message:
    name, hook, _ = way.value
    where = _attribute(1, _number(hook)) + _attribute(2, _number(0))
    attributes = [(1, TABLE), (3, name), (4 | NESTED, where), (7, b"filter\0")]
    return Message(NEW_CHAIN, CREATE, b"".join(_attribute(*each) for each in attributes))


def _rule(way: Way, verdict: bytes) -> Message:
    name, _, interface = way.value
    expressions = _interface_is_not_loopback(interface) + verdict
    attributes = [(1, TABLE), (2, name), (4 | NESTED, expressions)]
    return Message(NEW_RULE, CREATE, b"".join(_attribute(*each) for each in attributes))


def _interface_is_not_loopback(key: int) -> bytes:
    loopback = _attribute(1, struct.pack("=I", LOOPBACK_INDEX))
    load = _attribute(1, _number(REGISTER)) + _attribute(2, _number(key))
    compare = _attribute(1, _number(REGISTER)) + _attribute(2, _number(1))  # NFT_CMP_NEQ
    return _expression(b"meta\0", load) + _expression(
        b"cmp\0", compare + _attribute(3 | NESTED, loopback)
    )


def _drop() -> bytes:
    code = _attribute(1, _number(0))  # NF_DROP
    verdict = _attribute(2 | NESTED, code)
    return _expression(b"immediate\0", _attribute(1, _number(0)) + _attribute(2 | NESTED, verdict))


def _reject_with_reset() -> bytes:
    return _expression(b"reject\0", _attribute(1, _number(1)) + _attribute(2, b"\0"))


def _expression(name: bytes, data: bytes) -> bytes:
    return _attribute(1 | NESTED, _attribute(1, name) + _attribute(2 | NESTED, data))


def _attribute(kind: int, payload: bytes) -> bytes:
    size = 4 + len(payload)
    return struct.pack("=HH", size, kind) + payload + bytes(-size % 4)


def _number(value: int) -> bytes:
    return struct.pack(">I", value)


def _commit(messages: list[Message]) -> None:
    """Have the kernel carry out all of `messages`, or none.

    Raises:
        OSError: what it says to the first that it refuses.
    """
    batch = [Message(BATCH_BEGIN, 0, b""), *messages, Message(BATCH_END, 0, b"")]
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as kernel:
        kernel.send(b"".join(_packed(each, number) for number, each in enumerate(batch)))
        missing = len(messages)
        while missing:
            missing -= _acknowledged(kernel.recv(REPLY_BYTES))


def _packed(message: Message, number: int) -> bytes:
    is_limit = message.kind in (BATCH_BEGIN, BATCH_END)
    general = struct.pack(">BBH", 0 if is_limit else IPV4, 0, 10 if is_limit else 0)
    flags = REQUEST | message.flags | (0 if is_limit else ACK)
    size = HEADER.size + len(general) + len(message.attributes)
    return HEADER.pack(size, message.kind, flags, number, 0) + general + message.attributes


def _acknowledged(replies: bytes) -> int:
    """Return how many messages the kernel says that it has carried out."""
    count = 0
    while replies:
        size, kind, _, number, _ = HEADER.unpack_from(replies)
        if kind == NLMSG_ERROR:
            (error,) = struct.unpack_from("=i", replies, HEADER.size)
            if error:
                raise OSError(-error, f"nf_tables, message {number}: {os.strerror(-error)}")
            count += 1
        replies = replies[(size + 3) & ~3 :]
    return count
