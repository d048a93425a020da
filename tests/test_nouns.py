"""One noun, one file name, everywhere: what a type consists of, so that none is half there."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

import shared_state
from shared_state.objects import AWAITING, BLOCKING
from shared_state_protocol.contract import contract_name
from shared_state_protocol.objects import CONTRACTS
from shared_state_server.memory import BEHAVIOURS

ROOT = Path(__file__).parent.parent
FOLDERS = (
    "shared/shared_state_protocol/objects",
    "client/shared_state/objects",
    "server/shared_state_server/memory",
)

each_contract = pytest.mark.parametrize("contract", CONTRACTS, ids=contract_name)


@each_contract
def test_a_type_has_the_same_file_name_in_every_place(contract: type) -> None:
    noun = contract_name(contract)
    paths = [f"{folder}/{noun}.py" for folder in FOLDERS] + [f"tests/objects/test_{noun}.py"]
    assert [path for path in paths if not (ROOT / path).is_file()] == []


@each_contract
def test_a_type_is_in_every_table_and_public(contract: type) -> None:
    noun = contract_name(contract)
    assert noun in {contract_name(behaviour) for behaviour in BEHAVIOURS}
    assert issubclass(BLOCKING[noun], contract)
    assert issubclass(AWAITING[noun], contract)
    assert {contract.__name__, f"Async{contract.__name__}"} <= set(shared_state.__all__)


@each_contract
def test_both_clients_get_an_object_by_its_name_in_the_same_way(contract: type) -> None:
    blocking, awaiting = (
        [(each.name, each.default) for each in options_of(getattr(client, contract_name(contract)))]
        for client in (shared_state.Client, shared_state.AsyncClient)
    )
    assert blocking == awaiting
    assert blocking[0] == ("name", inspect.Parameter.empty)


def options_of(accessor: Callable[..., object]) -> list[inspect.Parameter]:
    return list(inspect.signature(accessor).parameters.values())[1:]


def test_no_table_has_more_than_the_contracts() -> None:
    assert len(BEHAVIOURS) == len(BLOCKING) == len(AWAITING) == len(CONTRACTS)
