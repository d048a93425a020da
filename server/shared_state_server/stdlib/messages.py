"""Messages: what a request is, and how replies are written, in pickle or in XML.

A request is ``(identity, method, arguments, keywords)``, a reply ``(kind, content)``. Which of the
two serializers a client uses shows in its first byte.

An exception carries the traceback of the server as a note, which Python 3.11 and later print; it is
there on 3.10 too, in ``__notes__``.
"""

from __future__ import annotations

import copyreg
import io
import pickle
import traceback
from collections import ChainMap
from multiprocessing.reduction import ForkingPickler
from typing import Any

from shared_state_protocol.wire.stdlib import frame

from .entries import Entry
from .local import answering

__all__ = [
    "ERROR",
    "PROXY",
    "RETURN",
    "TRACEBACK",
    "Reply",
    "is_xml",
    "read_xml",
    "with_note",
    "write",
]

RETURN, ERROR, PROXY, TRACEBACK = "#RETURN", "#ERROR", "#PROXY", "#TRACEBACK"
UNSERIALIZABLE = "#UNSERIALIZABLE"

Reply = tuple[str, Any]

OURS = "shared_state"

_ATOMS = frozenset({bool, bytes, float, int, str, type(None)})
"""Classes without anything in them that could be a proxy, or fail to be written."""

NOTE = "The server's traceback:\n"


def is_xml(payload: bytes) -> bool:
    """Return whether a payload was written by the ``xmlrpclib`` serializer."""
    return payload[:1] == b"<"


def read_xml(payload: bytes) -> Any:
    """Read a request in XML, which can say nothing but plain data; expat bounds its entities."""
    from xmlrpc import client

    (request,), _ = client.loads(payload.decode())
    return request


def write(reply: Reply, *, xml: bool, address: Any, sent: list[Entry]) -> bytes:
    """Return the frame of a reply to a client that reached this server at `address`.

    The entries of the proxies in it are added to `sent`.
    """
    if not xml and type(reply[1]) in _ATOMS:
        return frame(pickle.dumps(reply))
    answering.address, answering.sent = address, sent
    try:
        if reply[0] == ERROR:
            reply = ERROR, known_everywhere(reply[1])
        return frame(_xml(reply) if xml else _pickled(reply))
    except Exception:  # noqa: BLE001  # whatever the code of a user's class raises
        failure = UNSERIALIZABLE, traceback.format_exc()
        return frame(_xml(failure) if xml else pickle.dumps(failure))
    finally:
        answering.address = answering.sent = None


def _pickled(reply: Reply) -> bytes:
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer)
    pickler.dispatch_table = _REDUCERS
    pickler.dump(reply)
    return buffer.getvalue()


_REDUCERS: Any = ChainMap[Any, Any](
    ForkingPickler._extra_reducers,  # type: ignore[attr-defined]  # not in stubs
    copyreg.dispatch_table,
)
"""In the order of `ForkingPickler`. Without it a connection would be written too, but as the number
of a file of the server's: whoever reads that closes a file of his own."""


def _xml(reply: Reply) -> bytes:
    from xmlrpc import client

    kind, content = reply
    if kind == ERROR:  # XML has no exceptions
        kind, content = TRACEBACK, "".join(traceback.format_exception(content))
    return client.dumps(((kind, content),), None, None, None, True).encode()


def known_everywhere(error: Exception) -> Exception:
    """Return an error of a class that clients without this package have, too."""
    if not type(error).__module__.startswith(OURS):
        return error
    standard = next(each for each in type(error).__mro__ if not each.__module__.startswith(OURS))
    return RuntimeError(repr(error)) if standard is Exception else standard(*error.args)


def with_note(error: Exception) -> Exception:
    """Return `error` with the traceback of the server as its last note.

    One of a class that takes attributes or its state in its own way has none: it may not expect it.
    """
    if _is_particular(type(error)):
        return error
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    notes = [each for each in getattr(error, "__notes__", ()) if not each.startswith(NOTE)]
    error.__notes__ = [*notes, NOTE + "".join(lines)]  # type: ignore[attr-defined]  # 3.11's
    return error


def _is_particular(kind: type[Exception]) -> bool:
    return (
        kind.__setattr__ is not Exception.__setattr__
        or kind.__getattribute__ is not Exception.__getattribute__
        or kind.__setstate__ is not Exception.__setstate__
    )
