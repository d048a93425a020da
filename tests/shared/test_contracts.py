"""Every contract keeps the rules: behaviours, classes and accessors have what it promises."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import shared_state
from shared_state.objects import AWAITING, BLOCKING
from shared_state_protocol.contract import (
    Awaiting,
    Blocking,
    Operation,
    contract_name,
    operations,
)
from shared_state_protocol.objects import (
    CONTRACTS,
    Array,
    Dict,
    List,
    Namespace,
    Queue,
    Set,
    Value,
)
from shared_state_protocol.shapes import Key, Maybe
from shared_state_protocol.shapes import Value as ValueShape
from shared_state_protocol.state import State
from shared_state_server.directory import Directory
from shared_state_server.memory import BEHAVIOURS

from .recorder import Recorder


def is_written_by_hand(bound: type, promise: Operation[..., Any]) -> bool:
    """Return whether `bound` has a version of its own, as `Dict.update` with its keywords is."""
    method = inspect.getattr_static(bound, promise.name)
    return getattr(method, "__wrapped__", None) is not promise.declaration


PAIRS = [*zip(CONTRACTS, BEHAVIOURS, strict=True), (State, Directory)]
PROMISES = [
    pytest.param(promise, behaviour, id=f"{contract_name(each)}-{promise.name}")
    for each, behaviour in PAIRS
    for promise in operations(each)
]
BOUND = [
    pytest.param(bound, promise, id=f"{bound.__name__}-{promise.name}")
    for table in (BLOCKING, AWAITING)
    for bound in table.values()
    for promise in operations(bound)
    if not is_written_by_hand(bound, promise)
]

OWN_OPTIONS = {"barrier": {"action"}, "array": {"size_or_initializer"}}
"""Options of accessors that are the client's own: they stay there, or travel in another form."""


@pytest.mark.parametrize(("promise", "behaviour"), PROMISES)
def test_a_behaviour_has_the_operation_with_its_parameters(
    promise: Operation[..., Any], behaviour: type
) -> None:
    opens = promise.name == "open"
    method = behaviour if opens else getattr(behaviour, promise.name)
    parameters = list(inspect.signature(method).parameters.values())[0 if opens else 1 :]
    if parameters and parameters[0].name == "call":
        del parameters[0]
    if parameters and opens and parameters[-1].name == "find":
        del parameters[-1]
    assert [each.name for each in parameters] == [each.name for each in promise.parameters]
    for promised, kept in zip(promise.parameters, parameters, strict=True):
        assert kept.default in (inspect.Parameter.empty, promised.default)


@pytest.mark.parametrize(("promise", "behaviour"), PROMISES)
def test_an_operation_has_its_documentation(promise: Operation[..., Any], behaviour: type) -> None:
    assert promise.__doc__
    assert promise.__doc__[0].isupper()


@pytest.mark.parametrize(("promise", "behaviour"), PROMISES)
def test_no_argument_is_a_value_or_nil(promise: Operation[..., Any], behaviour: type) -> None:
    """A None that a user gives has to arrive as a value, and nil is not one."""
    for each in promise.parameters:
        assert not (
            isinstance(each.shape, Maybe) and isinstance(each.shape.inner, (Key, ValueShape))
        )


@pytest.mark.parametrize(("bound", "promise"), BOUND)
def test_positional_and_keyword_calls_are_the_same(
    bound: Any, promise: Operation[..., Any]
) -> None:
    recorder = Recorder()
    method = getattr(bound, promise.name)
    given = {each.name: object() for each in promise.parameters}
    method(bound("o", recorder), *given.values())
    method(bound("o", recorder), **given)
    assert recorder.calls == [(promise.wire, "o", tuple(given.values()))] * 2
    with pytest.raises(TypeError):
        method(bound("o", recorder), *given.values(), object())
    with pytest.raises(TypeError):
        method(bound("o", recorder), **given, nonsense=1)
    assert len(recorder.calls) == 2


UNGUARDED = {"open", "hold", "let_go", "join", "acquire", "take", "acknowledge", "give_back"}
"""Commands of data types that change no data, or may have to wait for others to do so."""


@pytest.mark.parametrize(
    "promise",
    [
        pytest.param(promise, id=promise.wire)
        for each in (Dict, List, Set, Namespace, Queue, Value, Array)
        for promise in operations(each)
    ],
)
def test_every_command_that_changes_data_can_be_guarded(promise: Operation[..., Any]) -> None:
    is_guarded = promise.changes and promise.name not in UNGUARDED
    assert (promise.fenced is not None) is is_guarded
    if promise.fenced is not None:
        assert promise.fenced.wire == promise.wire
        assert promise.fenced.parameters[:-1] == promise.parameters
        assert type(promise.fenced) is type(promise)


@pytest.mark.parametrize("each", CONTRACTS, ids=contract_name)
@pytest.mark.parametrize("client", [shared_state.Client, shared_state.AsyncClient])
def test_an_accessor_has_the_options_that_the_object_opens_with(each: type, client: type) -> None:
    noun = contract_name(each)
    _, name, *options = inspect.signature(getattr(client, noun)).parameters.values()
    opening = next(promise for promise in operations(each) if promise.name == "open")
    promised = {parameter.name: parameter.default for parameter in opening.parameters}
    own = OWN_OPTIONS.get(noun, set())
    assert name.name == "name"
    assert {option.name for option in options} - promised.keys() == own
    for option in options:
        if option.name in promised:
            assert option.default == promised[option.name]


@pytest.mark.parametrize("each", CONTRACTS, ids=contract_name)
def test_a_contract_is_bound_for_both_clients_and_says_what_it_is(each: type) -> None:
    noun = contract_name(each)
    assert {each, Blocking} <= set(BLOCKING[noun].__mro__)
    assert {each, Awaiting} <= set(AWAITING[noun].__mro__)
    assert each.__doc__
