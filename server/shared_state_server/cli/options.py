"""The options of ``serve``: one for each setting, and the file of the key.

Nothing is written twice: name, type, default and explanation of an option, and the name of its
environment variable, are those of the field in `Settings`. typer reads them from the signature that
`takes_settings` gives to a command.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Annotated, Any, get_type_hints

import typer

from shared_state_protocol.authkey import KEY_FILE_VARIABLE, KEY_VARIABLE

from ..settings import Settings, reason
from .refusal import Refused

__all__ = ["parse_share", "takes_settings"]

_TYPES = {**get_type_hints(Settings), "share": list[str], "allow_class": list[str]}
_METAVARS = {"share": "NAME=TYPE", "allow_class": "MODULE:CLASS"}


def takes_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command that takes keywords have an option for each setting, and ``authkey_file``."""
    settings = [each for each in fields(Settings) if each.name != "authkey"]
    parameters = [_authkey_file(), *map(_parameter, settings)]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # PEP 362
    return command


def parse_share(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """Read ``NAME=TYPE``, each as often as it was said.

    Raises:
        Refused: one of them is not of that form, or is several with commas between them.
    """
    return tuple(map(_parse_pair, texts))


def _parse_pair(text: str) -> tuple[str, str]:
    name, _, kind = text.rpartition("=")  # a type has no "=" in it, a name may
    if not name or not kind:
        raise Refused(f"--share {text}: expected NAME=TYPE, as in jobs=queue")
    if "=" in name and "," in name:
        raise Refused(
            f"--share {text}: say --share once for each object, or put blanks between them in "
            "SHARED_STATE_SHARE"
        )
    return name, kind


def _parameter(each: Field[Any]) -> inspect.Parameter:
    option = typer.Option(
        envvar=f"SHARED_STATE_{each.name.upper()}",
        show_envvar=False,  # said once for all, in what explains the command
        metavar=_METAVARS.get(each.name),
        help=reason(each.name),
    )
    return _keyword(each.name, _TYPES[each.name], option, each.default)


def _authkey_file() -> inspect.Parameter:
    # Not `envvar`: typer would hide whether the command line or the environment named it.
    explanation = (
        f"File with the key; else {KEY_VARIABLE}, {KEY_FILE_VARIABLE}, or a file that is made "
        "for this user."
    )
    return _keyword("authkey_file", str, typer.Option(help=explanation), "")


def _keyword(name: str, kind: Any, option: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )
