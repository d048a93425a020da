"""Read, modify and write through both clients: at once, or conditionally, or in a block."""

from __future__ import annotations

import decimal
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from multiprocessing.connection import Connection
from typing import Any

import pytest

import shared_state
from shared_state import EditConflict, ObjectNotFound

from ..fixtures.children import Children
from ..fixtures.clients import Either
from ..fixtures.servers import ThreadServer
from ..fixtures.watching import LONG_S, until, waiting

PROCESSES = 8
TIMES = 40
EDITS = 10


# Adding


def test_a_number_is_added_and_the_sum_returned(either: Either) -> None:
    counts = either.dict("counts")
    assert counts.add("a", 1) == 1
    assert counts.add("a", 2.5) == 3.5
    assert counts.add("b", 2**100) == 2**100
    assert counts.add("b", -1) == 2**100 - 1
    assert counts.add(("a", 1), 1j) == 1j
    assert counts.add("c", Decimal("0.1")) == Decimal("0.1")
    assert counts.add("d", Fraction(1, 3)) == Fraction(1, 3)
    assert repr(counts.add("e", True)) == "1"  # 0 + True
    assert counts.get("a") == 3.5


@pytest.mark.parametrize(
    ("there", "amount"),
    [("text", 1), (1, "text"), ([1], [2]), (None, 1), (Decimal(1), 0.5), (1, b"1")],
)
def test_what_is_no_number_is_not_added(either: Either, there: Any, amount: Any) -> None:
    counts = either.dict("counts")
    counts.set("a", there)
    with pytest.raises(TypeError):
        counts.add("a", amount)
    assert counts.get("a") == there


@pytest.mark.parametrize(
    ("there", "amount", "error"),
    [
        ("Infinity", "-Infinity", decimal.InvalidOperation),
        ("sNaN", "1", decimal.InvalidOperation),
        ("9E+999999", "9E+999999", decimal.Overflow),
    ],
)
def test_what_python_cannot_add_raises_what_python_raises(
    either: Either, there: str, amount: str, error: type[Exception]
) -> None:
    counts = either.dict("counts")
    counts.set("a", Decimal(there))
    with pytest.raises(error):
        counts.add("a", Decimal(amount))
    assert str(counts.get("a")) == there


def test_what_is_no_number_is_not_the_first_amount(either: Either) -> None:
    counts = either.dict("counts")
    with pytest.raises(TypeError):
        counts.add("a", "text")
    with pytest.raises(TypeError):
        counts.add([], 1)
    assert counts.size() == 0


# Comparing


def test_a_value_is_replaced_only_if_it_is_the_old_one(either: Either) -> None:
    config = either.dict("config")
    config.set("a", [1, 2])
    assert config.compare_and_set("a", [1], "new") is False
    assert config.get("a") == [1, 2]
    assert config.compare_and_set("a", [1.0, True + 1], "new") is True
    assert config.get("a") == "new"


def test_no_value_is_not_none(either: Either) -> None:
    config = either.dict("config")
    assert config.compare_and_set("a", None, 1) is False
    assert config.contains("a") is False
    config.set("a", None)
    assert config.compare_and_set("a", None, 1) is True


def test_an_item_is_replaced_only_if_it_is_the_old_one(either: Either) -> None:
    items = either.list("items")
    items.extend(["a", "b"])
    assert items.compare_and_set(-1, "a", "c") is False
    assert items.compare_and_set(-1, "b", "c") is True
    assert items.copy() == ["a", "c"]
    with pytest.raises(IndexError):
        items.compare_and_set(2, "c", "d")


# Editing


def test_what_the_block_changed_is_written(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    config, items = client.dict("config"), client.list("items")
    config["a"] = {"n": [1]}
    items.append([1])
    with config.edit("a") as value:
        value["n"].append(2)
        assert other.dict("config")["a"] == {"n": [1]}
    with items.edit(-1) as item:
        item.append(2)
    assert other.dict("config")["a"] == {"n": [1, 2]}
    assert other.list("items")[0] == [1, 2]


async def test_what_the_block_changed_is_written_by_a_task(server: ThreadServer) -> None:
    async with shared_state.connect_async(server.address, authkey=server.settings.authkey) as state:
        config, items = state.dict("config"), state.list("items")
        await config.set("a", [1])
        await items.append([1])
        async with config.edit("a") as value:
            value.append(2)
        async with items.edit(0) as item:
            item.append(2)
        assert await config["a"] == await items.get(0) == [1, 2]
        with pytest.raises(ZeroDivisionError):
            async with config.edit("a") as value:
                value.append(1 / 0)
        with pytest.raises(EditConflict):  # noqa: PT012  # raised by the end of the block
            async with config.edit("a") as value:
                value.append(3)
                await config.set("a", "foreign")
        with pytest.raises(KeyError):
            async with config.edit("b"):
                pytest.fail("there is nothing to edit")
        assert await config["a"] == "foreign"
        assert [info.owners for info in await state.objects()] == [[], []]


def test_what_the_block_raises_goes_on_and_nothing_is_written(client: shared_state.Client) -> None:
    config = client.dict("config")
    config["a"] = [1]
    with pytest.raises(ZeroDivisionError), config.edit("a") as value:
        value.append(1 / 0)
    with pytest.raises(KeyError, match="'b'"), config.edit("b"):
        pytest.fail("there is nothing to edit")
    with pytest.raises(IndexError), client.list("items").edit(0):
        pytest.fail("there is nothing to edit")
    assert config["a"] == [1]
    assert all(info.owners == [] for info in client.objects())


def test_a_foreign_write_is_not_overwritten(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    config, items = client.dict("config"), client.list("items")
    config["a"] = [1]
    items.append([1])
    with pytest.raises(EditConflict), config.edit("a") as value:  # noqa: PT012  # raised by the end of the block
        value.append(2)
        other.dict("config")["a"] = "foreign"
    with pytest.raises(EditConflict), items.edit(0) as item:  # noqa: PT012  # raised by the end of the block
        item.append(2)
        other.list("items")[0] = "foreign"
    assert (config["a"], items[0]) == ("foreign", "foreign")


def test_what_the_block_left_alone_is_not_written(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    config = client.dict("config")
    config["a"] = [1]
    with config.edit("a"):
        other.dict("config")["a"] = "foreign"
    assert config["a"] == "foreign"


def test_who_edits_what_is_deleted_is_told(
    client: shared_state.Client, other: shared_state.Client
) -> None:
    config = client.dict("config")
    config["a"] = [1]
    with pytest.raises(ObjectNotFound), config.edit("a") as value:  # noqa: PT012  # raised by the end of the block
        value.append(2)
        other.delete("config")


def test_nothing_is_edited_inside_a_batch(client: shared_state.Client) -> None:
    config = client.dict("config")
    config["a"] = [1]
    with pytest.raises(RuntimeError, match="inside a batch"), client.batch(), config.edit("a"):
        pytest.fail("nothing would be read")
    assert client.objects()[0].owners == []


def test_edits_of_one_key_wait_for_each_other_and_of_another_do_not(
    client: shared_state.Client, other: shared_state.Client, threads: ThreadPoolExecutor
) -> None:
    config = client.dict("config")
    config.update(a=[1], b=[1])

    def edit(key: str) -> None:
        with other.dict("config").edit(key) as value:
            value.append(3)

    with config.edit("a") as mine:
        threads.submit(edit, "b").result(LONG_S)
        editing = threads.submit(edit, "a")
        until(lambda: waiting(client, "config") == 1)
        mine.append(2)
    editing.result(LONG_S)
    assert config.copy() == {"a": [1, 2, 3], "b": [1, 3]}


def test_only_its_holder_lets_a_key_go(either: Either, other: shared_state.Client) -> None:
    config = either.dict("config")
    other.dict("config").hold("a")
    for key in ("a", "b"):
        with pytest.raises(RuntimeError):
            config.let_go(key)
    assert config.hold("a", timeout=0) is False


# Many processes


def _edit_for_ever(state: shared_state.Client, parent: Connection) -> None:
    with state.dict("config").edit("a") as value:
        value.append("never written")
        parent.send("inside")
        parent.recv()


def test_the_edit_of_a_killed_process_is_given_up(
    client: shared_state.Client, server: ThreadServer, children: Children
) -> None:
    config = client.dict("config")
    config["a"] = [1]
    child = children(_edit_for_ever, server)
    assert child.hear() == "inside"
    child.kill()
    with config.edit("a") as value:
        value.append(2)
    assert config["a"] == [1, 2]


def _change_everything(state: shared_state.Client, parent: Connection) -> None:
    value, items = state.value("value", "i"), state.array("items", "i", 2)
    counts, edited, listed = state.dict("counts"), state.dict("edited"), state.list("listed")
    parent.send("ready")
    parent.recv()
    won = 0
    for number in range(TIMES):
        value.add(1)
        items.add(range(2), 1)
        counts.add("a", 1)
        won += counts.compare_and_set("turn", number, number + 1)
    for _ in range(EDITS):
        with edited.edit("a") as each:
            each.append(1)
        with listed.edit(0) as each:
            each.append(1)
    parent.send(won)


def test_many_processes_lose_no_change(
    client: shared_state.Client, server: ThreadServer, children: Children
) -> None:
    client.dict("counts")["turn"] = 0
    client.dict("edited")["a"] = []
    client.list("listed").append([])
    team = [children(_change_everything, server) for _ in range(PROCESSES)]
    assert [each.hear() for each in team] == PROCESSES * ["ready"]
    for each in team:
        each.tell("go")
    assert sum(each.hear() for each in team) == client.dict("counts")["turn"]
    assert client.value("value", "i").value == PROCESSES * TIMES
    assert client.array("items", "i")[:] == 2 * [PROCESSES * TIMES]
    assert client.dict("counts")["a"] == PROCESSES * TIMES
    assert len(client.dict("edited")["a"]) == PROCESSES * EDITS
    assert len(client.list("listed")[0]) == PROCESSES * EDITS
