"""Methods: what a bound object has for each operation of its contract.

A method makes a tuple of its arguments, in the order of the declaration, and hands it to whatever
carries out calls of that operation. Python itself puts the arguments in order, fills in defaults
and complains of wrong ones: a method is the code of a template for so many parameters, under the
names and with the defaults of the declared ones. ``*args, **kwargs`` would take 0.3 µs more, and
one code for all the methods would never be specialised for any.
"""

# pyright: reportUnknownLambdaType=false, reportUnknownMemberType=false
# The parameters of the templates are of any type.

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["method"]

_TEMPLATES: tuple[Callable[[object], Any], ...] = (
    lambda operation: lambda self: self.client.callers[operation](self.name, ()),
    lambda operation: lambda self, a: self.client.callers[operation](self.name, (a,)),
    lambda operation: lambda self, a, b: self.client.callers[operation](self.name, (a, b)),
    lambda operation: lambda self, a, b, c: self.client.callers[operation](self.name, (a, b, c)),
    lambda operation: (
        lambda self, a, b, c, d: self.client.callers[operation](self.name, (a, b, c, d))
    ),
    lambda operation: (
        lambda self, a, b, c, d, e: self.client.callers[operation](self.name, (a, b, c, d, e))
    ),
)
"""By their number of parameters."""

_GUARDED: tuple[Callable[[object, object], Any], ...] = (
    lambda operation, fenced: (
        lambda self, *, fence=None: (
            self.client.callers[operation](self.name, ())
            if fence is None
            else self.client.callers[fenced](self.name, (fence,))
        )
    ),
    lambda operation, fenced: (
        lambda self, a, *, fence=None: (
            self.client.callers[operation](self.name, (a,))
            if fence is None
            else self.client.callers[fenced](self.name, (a, fence))
        )
    ),
    lambda operation, fenced: (
        lambda self, a, b, *, fence=None: (
            self.client.callers[operation](self.name, (a, b))
            if fence is None
            else self.client.callers[fenced](self.name, (a, b, fence))
        )
    ),
    lambda operation, fenced: (
        lambda self, a, b, c, *, fence=None: (
            self.client.callers[operation](self.name, (a, b, c))
            if fence is None
            else self.client.callers[fenced](self.name, (a, b, c, fence))
        )
    ),
    lambda operation, fenced: (
        lambda self, a, b, c, d, *, fence=None: (
            self.client.callers[operation](self.name, (a, b, c, d))
            if fence is None
            else self.client.callers[fenced](self.name, (a, b, c, d, fence))
        )
    ),
)
"""The same for those that may be guarded."""


def method(
    operation: object,
    declaration: Any,
    names: Sequence[str],
    defaults: tuple[Any, ...],
    fenced: object = None,
) -> Callable[..., Any]:
    """Make the method that stands for `operation` on a bound object, and for `fenced` if given.

    `names` are those of its parameters, of which the last have `defaults`; how it is documented is
    taken from its `declaration`.
    """
    template: types.FunctionType = (
        _TEMPLATES[len(names)](operation)
        if fenced is None
        else _GUARDED[len(names)](operation, fenced)
    )
    after = template.__code__.co_varnames[1 + len(names) :]
    code = template.__code__.replace(
        co_varnames=("self", *names, *after), co_name=declaration.__name__
    )
    if sys.version_info >= (3, 11):
        code = code.replace(co_qualname=declaration.__qualname__)
    made = types.FunctionType(
        code, template.__globals__, declaration.__name__, defaults, template.__closure__
    )
    made.__kwdefaults__ = template.__kwdefaults__
    made.__qualname__ = declaration.__qualname__
    made.__doc__ = declaration.__doc__
    made.__wrapped__ = declaration  # type: ignore[attr-defined]  # read by inspect
    return made
