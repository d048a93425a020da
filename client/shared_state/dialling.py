"""Dialling: which address is tried, when it is tried again, and which connection is kept.

Pure policy for both clients, told as steps: seconds to sleep, or an address to open. Whoever takes
the steps sends back what was opened, or throws what prevented it; at the end is the connection to
use, or the error that says why there is none. Who is interrupted closes the steps, and with them
the connection that there may be.

* The session's addresses are tried in turn, all of them each time; whoever answers first is taken.
* What passes is tried again, after jittered delays and until the session's timeout is over. Never a
  TimeoutError: the patience is used up, or the caller's own alarm has rung.
* A client that was closed meanwhile is not connected.
* A server of this host says where its Unix socket is. If the same instance is behind that, it is
  used, and the way by which the server was found is left.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from shared_state_protocol.address import Address
from shared_state_protocol.errors import AuthenticationError, ProtocolError
from shared_state_protocol.wire.handshake import Welcome

from .reconnect import delays

if TYPE_CHECKING:
    from .session import Session

__all__ = ["PREVENTED", "Dialling", "Steps"]

PREVENTED = (OSError, ProtocolError, AuthenticationError)
"""What is thrown back where a step fails with it; with anything else it is over."""


class Closing(Protocol):
    """A connection, as far as it matters here."""

    def close(self) -> object:
        """Close in order."""


C = TypeVar("C", bound=Closing)

Step = float | Address
Steps = Generator[Step, Any, tuple[C, Welcome]]


class Dialling(Generic[C]):
    """The attempts to open one connection of a session, for its lane of that number.

    `now` is the clock of whoever sleeps.
    """

    def __init__(self, session: Session, lane: int, now: Callable[[], float]) -> None:
        self._session = session
        self._lane = lane
        self._now = now

    def dial(self) -> Steps[C]:
        """Find a server; nobody waits for one that is not there.

        One that hangs up at once has no place free just now: it is asked again.
        """
        return self._until(ConnectionResetError)

    def redial(self) -> Steps[C]:
        """Do what `dial` does, but wait for a server, or for a network, that is not there yet."""
        return self._until(OSError)

    def _until(self, passing: type[OSError]) -> Steps[C]:
        give_up = self._now() + self._session.timeout
        for delay in delays(self._session.random):
            yield delay
            self._session.check_open()
            try:
                return (yield from self._once())
            except TimeoutError:
                raise
            except passing:
                if self._now() > give_up:
                    raise
        raise AssertionError("delays never end")

    def _once(self) -> Steps[C]:
        near = yield from self._nearer()
        if near is not None:
            return near
        connection, welcome = yield from self._any()
        self._session.know(welcome, self._lane)
        try:
            near = yield from self._nearer()
        except BaseException:  # whoever takes the steps is interrupted, and closes them
            connection.close()
            raise
        if near is None:
            return connection, welcome
        connection.close()
        # The first welcome knows whether the lane was there before; the second always finds it.
        return near[0], welcome

    def _nearer(self) -> Generator[Step, Any, tuple[C, Welcome] | None]:
        """Open the server's Unix socket if the same instance is behind it."""
        nearer = self._session.nearer_address
        if nearer is None:
            return None
        try:
            connection, welcome = yield from self._open(nearer)
        except PREVENTED:
            return None
        if welcome.instance == self._session.instance:
            return connection, welcome
        connection.close()
        return None

    def _any(self) -> Steps[C]:
        """Open the first of the session's addresses where a server answers."""
        *others, last = self._session.addresses()
        for address in others:
            try:
                return (yield from self._open(address))
            except OSError:
                continue
        return (yield from self._open(last))

    def _open(self, address: Address) -> Steps[C]:
        opened: tuple[C, Welcome] = yield address
        self._session.reached(address)
        return opened
