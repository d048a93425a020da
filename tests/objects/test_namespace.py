"""Namespace through both clients: attributes that every client sees the same."""

from __future__ import annotations

import copy
import pickle
from multiprocessing.managers import Namespace as PlainNamespace
from typing import Any

import pytest

import shared_state

from ..fixtures.clients import Either


def test_attributes_are_set_read_and_deleted(either: Either) -> None:
    config = either.namespace("config")
    config.set("rate", 10)
    config.set("hosts", ["a", None])
    config.set("rate", 20)
    assert (config.get("rate"), config.get("hosts")) == (20, ["a", None])
    assert list(config.attributes()) == [("rate", 20), ("hosts", ["a", None])]
    assert config.copy() == {"rate": 20, "hosts": ["a", None]}
    assert (config.contains("rate"), config.contains("size"), config.size()) == (True, False, 2)
    config.delete("rate")
    assert config.copy() == {"hosts": ["a", None]}


def test_what_is_not_there_is_an_attribute_error(either: Either) -> None:
    config = either.namespace("config")
    for call in (config.get, config.delete):
        with pytest.raises(AttributeError, match="no attribute 'rate'"):
            call("rate")


@pytest.mark.parametrize("bad", [1, None, b"rate"])
def test_attributes_are_named_by_text(either: Either, bad: Any) -> None:
    config = either.namespace("config")
    with pytest.raises(TypeError):
        config.set(bad, 1)
    assert config.size() == 0


def test_a_value_that_cannot_travel_changes_nothing(either: Either) -> None:
    config = either.namespace("config")
    config.set("rate", 10)
    with pytest.raises(TypeError):
        config.set("rate", object())
    assert config.get("rate") == 10


# Syntax


def test_it_is_used_like_a_plain_namespace(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    config, plain = client.namespace("config"), PlainNamespace()
    for each in (config, plain):
        each.rate = 10
        each.hosts = ["a"]
        each.rate += 1
        del each.hosts
        with pytest.raises(AttributeError):
            _ = each.hosts
        with pytest.raises(AttributeError):
            del each.hosts
        assert getattr(each, "hosts", "none") == "none"
        assert hasattr(each, "rate")
        each.hosts = None
    assert other.namespace("config").rate == 11
    assert str(config) == str(plain)


def test_what_is_there_can_be_listed(client: shared_state.Client) -> None:
    config = client.namespace("config")
    config.rate, config.hosts = 10, ["a"]
    assert list(config) == ["rate", "hosts"]
    assert "rate" in config
    assert "size" not in config
    assert len(config) == 2
    assert {"rate", "hosts", "get", "set"} <= set(dir(config))


@pytest.mark.parametrize(
    "taken", ["get", "set", "delete", "copy", "attributes", "size", "open", "name", "client"]
)
def test_what_belongs_to_the_proxy_is_no_shared_attribute_by_accident(
    client: shared_state.Client, taken: str
) -> None:
    config = client.namespace("config")
    own = getattr(config, taken)
    with pytest.raises(AttributeError, match=r"belongs to the proxy: use set\("):
        setattr(config, taken, 1)
    config.set(taken, 1)
    with pytest.raises(AttributeError, match=r"belongs to the proxy: use delete\("):
        delattr(config, taken)
    assert getattr(config, taken) == own
    assert config.get(taken) == 1


def test_private_attributes_stay_here(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    config = client.namespace("config")
    config._private = 1
    assert config._private == 1
    with pytest.raises(AttributeError):
        _ = other.namespace("config")._private
    assert config.size() == 0
    del config._private


def test_its_proxy_is_copied_and_pickled_without_asking_the_server(
    client: shared_state.Client,
) -> None:
    config = client.namespace("config")
    config.rate = 10
    assert copy.copy(config) == config
    assert pickle.loads(pickle.dumps(config)).rate == 10
