"""Gates: what an object of the async client waits for before its first operation.

The accessors of the async client return at once, and nobody awaits the reply to the request that
creates the object. That the name belongs to another type is found by the server at the first
operation, unless the other type has the same operation, as a plain queue has those of a
`lifo_queue`; that the options are wrong, as those of a semaphore of -1 permits, would show as an
object that is not there. So the first operation of a type that shares operations with others, or
has options, waits for that reply; it costs a round trip, once for each name. Whatever is called on
an object whose opening was refused raises the error of the refusal. An opening that was not heard,
because nobody could be reached, is sent again with the next connection; meanwhile nobody waits.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from shared_state_protocol.contract import (
    Arguments,
    Caller,
    Made,
    Operation,
    contract_name,
    operations,
)
from shared_state_protocol.errors import FixTheCall, SharedStateError
from shared_state_protocol.objects import CONTRACTS

if TYPE_CHECKING:
    from shared_state_protocol.address import Address
    from shared_state_protocol.codec import Codec

    from .awaiting import AsyncClient
    from .holdings import Holdings

__all__ = ["GATED", "Gate", "refusal_of"]


def _shares(contract: type) -> bool:
    own = set(operations(contract))
    return any(own & set(operations(each)) for each in CONTRACTS if each is not contract)


def _has_options(contract: type) -> bool:
    return any(each.parameters for each in operations(contract) if each.opens)


GATED = frozenset(contract_name(each) for each in CONTRACTS if _shares(each) or _has_options(each))
"""The types whose first operation waits. None of them has streams."""


def refusal_of(error: Exception) -> Exception | None:
    """Return the error of an opening if it says that the call was wrong, or None."""
    passing = isinstance(error, (SharedStateError, OSError)) and not isinstance(error, FixTheCall)
    return None if passing else error


class Gate:
    """Stands in for the client of an object until the server has said of which type that is."""

    def __init__(self, client: AsyncClient) -> None:
        self.callers = Made(self._caller)
        self._client = client
        self._refusal: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def end(self, refusal: Exception | None) -> None:
        """Let operations go on, or have each of them raise `refusal`."""
        self._refusal.set_result(refusal)

    @property
    def address(self) -> Address:
        """The address of the client."""
        return self._client.address

    @property
    def location(self) -> str:
        """The addresses of the client."""
        return self._client.location

    @property
    def instance(self) -> bytes:
        """Which server it is."""
        return self._client.instance

    @property
    def codec(self) -> Codec:
        """The codec of the client."""
        return self._client.codec

    @property
    def holdings(self) -> Holdings:
        """What the client holds."""
        return self._client.holdings

    def _caller(self, operation: Operation[..., Any]) -> Caller:
        """Return what does as the client does once it is known of which type the object is."""
        return partial(self._call, operation)

    async def _call(self, operation: Operation[..., Any], name: str, arguments: Arguments) -> Any:
        await self._opened()
        return await self._client.callers[operation](name, arguments)

    async def _opened(self) -> None:
        refusal = await asyncio.shield(self._refusal)  # others wait for it, too
        if refusal is not None:
            raise type(refusal)(*refusal.args)  # another one for each call
