"""The cable of one host: pulled out and plugged in again at the test host's word.

It runs in the network namespace of the host whose cable it is, and listens at a Unix socket, which
works whatever becomes of the network. It takes the interfaces down by `ioctl`: what is sent from
then on goes nowhere, neither end is told, and addresses stay as they are, just as with a cable.

The same hands close the host's firewall: in one direction or both, in silence or with resets.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import socketserver
import struct
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.multihost import firewall
from tests.multihost.firewall import Way

SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914  # netdevice(7)
IFF_UP = 0x1
IFREQ = struct.Struct("16sh22x")
"""The kernel's `struct ifreq`: the interface's name, its flags, and the rest of the union."""

DONE = b"done\n"


def plug(interface: str, *, up: bool) -> None:
    """Take `interface` up or down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kernel:
        request = IFREQ.pack(interface.encode(), 0)
        _, flags = IFREQ.unpack(fcntl.ioctl(kernel, SIOCGIFFLAGS, request))
        flags = flags | IFF_UP if up else flags & ~IFF_UP
        fcntl.ioctl(kernel, SIOCSIFFLAGS, IFREQ.pack(interface.encode(), flags))


def interfaces() -> list[str]:
    return [name for _, name in socket.if_nameindex() if name.startswith("eth")]


def cut() -> None:
    for interface in interfaces():
        plug(interface, up=False)


def mend() -> None:
    """Have the host as it was, whatever was done to it."""
    for interface in interfaces():
        plug(interface, up=True)
    firewall.open_again()


WORDS: dict[bytes, Callable[[], None]] = {
    b"cut\n": cut,
    b"mend\n": mend,
    b"drop in\n": partial(firewall.close, [Way.IN], reset=False),
    b"drop out\n": partial(firewall.close, [Way.OUT], reset=False),
    b"drop both\n": partial(firewall.close, [Way.IN, Way.OUT], reset=False),
    b"reset in\n": partial(firewall.close, [Way.IN], reset=True),
    b"reset out\n": partial(firewall.close, [Way.OUT], reset=True),
}


class Word(socketserver.StreamRequestHandler):
    """One word, obeyed and then confirmed: the caller knows that the cable is out."""

    def handle(self) -> None:
        WORDS[self.rfile.readline()]()
        self.wfile.write(DONE)


def serve(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    with socketserver.UnixStreamServer(str(path), Word) as server:
        path.chmod(0o666)  # the test host is another user
        server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
