"""The options of ``serve``: one for each setting, in one place."""

from __future__ import annotations

import inspect
from dataclasses import fields

import pytest
from typer.testing import CliRunner

from shared_state_server.cli import app
from shared_state_server.cli.options import parse_share, takes_settings
from shared_state_server.cli.refusal import Refused
from shared_state_server.settings import Settings


@takes_settings
def command(**chosen: object) -> None:
    """Take settings."""


def test_there_is_an_option_for_each_setting_and_none_for_the_key() -> None:
    settings = {each.name for each in fields(Settings)} - {"authkey"}
    assert {*inspect.signature(command).parameters} == {*settings, "authkey_file"}


def test_the_help_names_every_option_whole_and_its_variable_once() -> None:
    shown = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "80"}).output
    for name in inspect.signature(command).parameters:
        assert f"--{name.replace('_', '-')} " in shown
    assert "SHARED_STATE_MAX_CLIENTS is --max-clients" in " ".join(shown.split())
    assert "separated by blanks" in shown


def test_defaults_are_those_of_the_settings() -> None:
    for name, parameter in inspect.signature(command).parameters.items():
        assert parameter.default == getattr(Settings, name, "")


@pytest.mark.parametrize(
    ("texts", "pairs"),
    [
        ([], ()),
        (["jobs=queue"], (("jobs", "queue"),)),
        (["jobs=queue", "config=dict"], (("jobs", "queue"), ("config", "dict"))),
        (["a=b=list"], (("a=b", "list"),)),
    ],
)
def test_objects_to_share_are_written_name_and_type(
    texts: list[str], pairs: tuple[tuple[str, str], ...]
) -> None:
    assert parse_share(texts) == pairs


def test_a_list_with_commas_is_no_name() -> None:
    with pytest.raises(Refused, match=r"once for each object.*blanks"):
        parse_share(["jobs=queue,config=dict"])
    assert parse_share(["a,b=list"]) == (("a,b", "list"),)


@pytest.mark.parametrize("text", ["jobs", "jobs=", "=queue", "", "="])
def test_half_an_object_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="expected NAME=TYPE"):
        parse_share(["config=dict", text])
