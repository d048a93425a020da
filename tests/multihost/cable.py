"""The cable of one host: pulled out and plugged in again at the test host's word.

It runs in the network namespace of the host whose cable it is, and listens at a Unix socket, which
works whatever becomes of the network. It takes the interfaces down by `ioctl`: what is sent from
then on goes nowhere, neither end is told, and addresses stay as they are, just as with a cable.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import socketserver
import struct
import sys
from pathlib import Path

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


class Word(socketserver.StreamRequestHandler):
    """One word, obeyed and then confirmed: the caller knows that the cable is out."""

    def handle(self) -> None:
        up = {b"cut\n": False, b"mend\n": True}[self.rfile.readline()]
        for interface in interfaces():
            plug(interface, up=up)
        self.wfile.write(DONE)


def serve(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    with socketserver.UnixStreamServer(str(path), Word) as server:
        path.chmod(0o666)  # the test host is another user
        server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
