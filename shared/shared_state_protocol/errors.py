"""The errors, in three families by what the caller can do.

::

    SharedStateError
    ├── SendAgain              nothing was changed: the same call may be sent again
    │   ├── DeadlockError          those who wait hold what the others wait for
    │   ├── EditConflict           somebody wrote what was being edited
    │   └── ServerClosing          the server is going down
    ├── FixTheCall             nothing was changed: the call itself is wrong
    │   ├── TypeMismatch           an object of another type has that name (a TypeError)
    │   ├── ObjectNotFound         no object has that name (a LookupError)
    │   ├── InvalidName            no object can have that name (a ValueError)
    │   ├── EncodingError          a value that cannot travel (a TypeError)
    │   ├── DecodingError          bytes that are no value, or over a limit (a ValueError)
    │   └── LimitExceeded          larger or more than a named limit allows (a ValueError)
    └── GiveUp                 the caller has to find out what happened
        ├── ClaimLost              the item went back to its queue: somebody else may have it now
        ├── LockLost               the lock was given to somebody else meanwhile (a RuntimeError)
        │   └── StaleFence             so a command that it guards was refused
        ├── OutcomeUnknown         the connection broke; the call took effect once or not at all
        │   └── StateLost              and the server is another one now, which knows nothing
        ├── ProtocolError          the other side broke the rules of the wire
        └── InternalError          a defect in the server; its log has the traceback

Where the standard library has a class for it, that class itself is raised: ``KeyError``,
``IndexError``, ``queue.Empty``, ``queue.Full``, ``decimal.InvalidOperation``,
``multiprocessing.AuthenticationError``, ``ConnectionRefusedError``, ``TimeoutError``. ``ShutDown``
is ``queue.ShutDown`` where that exists (Python 3.13) and our own class of the same name before.

On the wire an error is its name in `WIRE_NAMES` and its arguments: text, numbers, or the bytes of
an encoded key. What a calculation with somebody's values raises is of a class of its own now and
then (NumPy's are); it is named by the nearest standard one, with its text. Anything else that a
server raises becomes an `InternalError` without details.
"""

from __future__ import annotations

import decimal
import queue
import threading
from multiprocessing import AuthenticationError
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    class ShutDown(Exception):
        """Raised by put and get of a queue that was shut down."""

elif hasattr(queue, "ShutDown"):
    ShutDown = queue.ShutDown
else:

    class ShutDown(Exception):
        """Raised by put and get of a queue that was shut down."""


__all__ = [
    "AuthenticationError",
    "ClaimLost",
    "DeadlockError",
    "DecodingError",
    "EditConflict",
    "EncodingError",
    "FixTheCall",
    "GiveUp",
    "InternalError",
    "InvalidName",
    "LimitExceeded",
    "LockLost",
    "ObjectNotFound",
    "OutcomeUnknown",
    "ProtocolError",
    "SendAgain",
    "ServerClosing",
    "SharedStateError",
    "ShutDown",
    "StaleFence",
    "StateLost",
    "TypeMismatch",
]


class SharedStateError(Exception):
    """The root of every error that is ours."""


class SendAgain(SharedStateError):
    """Nothing was changed; the same call may be sent again."""


class DeadlockError(SendAgain):
    """Those who wait hold what the others wait for; give back what is held, and begin again."""


class EditConflict(SendAgain):
    """Somebody wrote what was being edited, so the edit was not written; edit again."""


class ServerClosing(SendAgain):
    """The server is going down and answers no more requests."""


class FixTheCall(SharedStateError):
    """Nothing was changed; the call itself is wrong."""


class TypeMismatch(FixTheCall, TypeError):
    """An object of another type has that name."""


class ObjectNotFound(FixTheCall, LookupError):
    """No object has that name."""


class InvalidName(FixTheCall, ValueError):
    """No object can have that name."""


class EncodingError(FixTheCall, TypeError):
    """A value that cannot travel."""


class DecodingError(FixTheCall, ValueError):
    """Bytes that are no value, or a value over a limit."""


class LimitExceeded(FixTheCall, ValueError):
    """Larger or more than a named limit allows."""


class GiveUp(SharedStateError):
    """The caller has to find out what happened."""


class ClaimLost(GiveUp):
    """The item went back to its queue before it was acknowledged; somebody else may have it now."""


class LockLost(GiveUp, RuntimeError):
    """The lock is not held any more; somebody else may have got it meanwhile."""


class StaleFence(LockLost):
    """A command was refused, and changed nothing: the lock that guards it is not held any more."""


class OutcomeUnknown(GiveUp):
    """The connection broke; the call took effect once or not at all."""


class StateLost(OutcomeUnknown):
    """The server was lost with all that was in its memory; the next call finds a new one.

    Objects that this client has opened are there again, as new ones; what they contained, and what
    this client held, is gone. Raised by the calls that were under way, or else by the next one.
    """


class ProtocolError(GiveUp):
    """The other side broke the rules of the wire."""


class InternalError(GiveUp):
    """A defect in the server; its log has the traceback."""


_STANDARD: tuple[type[Exception], ...] = (
    ArithmeticError,
    AttributeError,
    BrokenPipeError,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)

WIRE_NAMES: dict[type[Exception], str] = {
    **{error: error.__name__ for error in _STANDARD},
    threading.BrokenBarrierError: "threading.BrokenBarrierError",
    decimal.InvalidOperation: "decimal.InvalidOperation",
    decimal.Overflow: "decimal.Overflow",
    queue.Empty: "queue.Empty",
    queue.Full: "queue.Full",
    ShutDown: "queue.ShutDown",
    DeadlockError: "DeadlockError",
    ServerClosing: "ServerClosing",
    TypeMismatch: "TypeMismatch",
    ObjectNotFound: "ObjectNotFound",
    InvalidName: "InvalidName",
    EncodingError: "EncodingError",
    DecodingError: "DecodingError",
    LimitExceeded: "LimitExceeded",
    ClaimLost: "ClaimLost",
    LockLost: "LockLost",
    StaleFence: "StaleFence",
    OutcomeUnknown: "OutcomeUnknown",
    StateLost: "StateLost",
    ProtocolError: "ProtocolError",
    InternalError: "InternalError",
}
_OF_VALUES = (ArithmeticError, TypeError, ValueError)
"""What comparing and adding values may raise, also as a class of a library."""

_CLASSES = {name: error for error, name in WIRE_NAMES.items()}

WireError = tuple[str, list[Any]]


def to_wire(error: Exception) -> WireError | None:
    """Name `error` for the wire, or return None if it must not leave the server."""
    name = WIRE_NAMES.get(type(error))
    if name is not None:
        return name, [each for each in error.args if isinstance(each, (str, int, bytes))]
    if isinstance(error, _OF_VALUES):
        standard = next(each for each in type(error).__mro__ if each in WIRE_NAMES)
        return WIRE_NAMES[standard], [str(error)]
    return None


def from_wire(name: object, arguments: list[Any]) -> Exception:
    """Make the exception that a reply names; `arguments` are already decoded."""
    found = _CLASSES.get(name) if isinstance(name, str) else None
    if found is None:
        return ProtocolError(f"the server named an error that is not known here: {name!r}")
    return found(*arguments)
