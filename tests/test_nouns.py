"""One noun, one file name, everywhere: what a type consists of, so that none is half there."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import shared_state
from shared_state.accessors import AwaitingAccessors, BlockingAccessors
from shared_state.objects import AWAITING, BLOCKING
from shared_state_protocol.contract import contract_name, operations
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
@pytest.mark.parametrize("accessors", [BlockingAccessors, AwaitingAccessors])
def test_an_accessor_takes_a_name_and_the_options_of_opening(
    contract: type, accessors: type
) -> None:
    opening = next(each for each in operations(contract) if each.name == "open")
    accessor = inspect.signature(getattr(accessors, contract_name(contract)))
    options = [(each.name, each.default) for each in accessor.parameters.values()][2:]
    assert list(accessor.parameters)[:2] == ["self", "name"]
    assert options == [(each.name, each.default) for each in opening.parameters]


def test_no_table_has_more_than_the_contracts() -> None:
    assert len(BEHAVIOURS) == len(BLOCKING) == len(AWAITING) == len(CONTRACTS)
