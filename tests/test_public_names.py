"""The names that users may rely on. A name that is added or lost changes this file, in the open."""

from __future__ import annotations

import importlib
import inspect

import pytest

CLIENTS = {"Client", "connect", "AsyncClient", "connect_async", "Batch", "Promise"}
TYPES = {
    "Array",
    "Barrier",
    "BoundedSemaphore",
    "Claim",
    "Condition",
    "Dict",
    "Event",
    "JoinableQueue",
    "LifoQueue",
    "List",
    "Lock",
    "Namespace",
    "Pipe",
    "PipeEnd",
    "PriorityQueue",
    "Queue",
    "RLock",
    "Semaphore",
    "Set",
    "Value",
}
ANSWERS = {"Grant", "Holding", "LockInfo", "ObjectInfo", "Owner"}
ERRORS = {
    "SharedStateError",
    "SendAgain",
    "ServerClosing",
    "FixTheCall",
    "TypeMismatch",
    "ObjectNotFound",
    "InvalidName",
    "EncodingError",
    "DecodingError",
    "LimitExceeded",
    "DeadlockError",
    "EditConflict",
    "GiveUp",
    "LockLost",
    "StaleFence",
    "ClaimLost",
    "OutcomeUnknown",
    "ProtocolError",
    "InternalError",
    "AuthenticationError",
    "ShutDown",
    "StateLost",
}

PUBLIC = {
    "shared_state": {
        *CLIENTS,
        *TYPES,
        *{f"Async{name}" for name in TYPES},
        *ANSWERS,
        *ERRORS,
        "Manager",
        "SharedStateManager",
        "register",
    },
    # What both sides agree on is imported from its modules: from shared_state_protocol.codec …
    "shared_state_protocol": set(),
    # A server is run: shared-state serve, or SharedStateManager.
    "shared_state_server": set(),
}


@pytest.mark.parametrize("package", sorted(PUBLIC))
def test_the_public_names_are_these(package: str) -> None:
    assert set(importlib.import_module(package).__all__) == PUBLIC[package]


@pytest.mark.parametrize("package", sorted(PUBLIC))
def test_each_public_name_is_there_and_is_listed_once(package: str) -> None:
    module = importlib.import_module(package)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert len(module.__all__) == len(set(module.__all__))


@pytest.mark.parametrize("package", sorted(PUBLIC))
def test_a_package_has_no_other_names_that_look_public(package: str) -> None:
    module = importlib.import_module(package)
    others = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not inspect.ismodule(value) and name != "annotations"
    }
    assert others == PUBLIC[package]


@pytest.mark.parametrize("name", sorted(PUBLIC["shared_state"]))
def test_each_public_name_is_documented(name: str) -> None:
    public = getattr(importlib.import_module("shared_state"), name)
    assert inspect.getdoc(public)
