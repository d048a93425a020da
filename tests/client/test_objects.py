"""Python's own syntax: one line of code comes to the same with a shared object and a plain one."""

from __future__ import annotations

import copy
import inspect
import json
import secrets
from collections.abc import (
    Iterator,
    Mapping,
    MutableMapping,
    MutableSequence,
    Reversible,
    Sequence,
)
from typing import Any

import pytest

import shared_state
from shared_state_server.settings import Settings

from ..fixtures.servers import ThreadServer
from ..models.outcome import outcome

DICT: dict[Any, Any] = {"a": 1, "b": [2, 3], 3: None, (4, 5): "e"}
LIST: list[Any] = [3, 1, "c", 1.0, None, [5]]

NAMES: dict[str, Any] = {"DICT": DICT, "LIST": LIST, "json": json} | {
    each.__name__: each for each in (Mapping, MutableMapping, MutableSequence, Reversible, Sequence)
}
"""What the code below may use beside `d` and `l`."""

READING_A_DICT = """
    d["a"]                  d[3.0]                  d["x"]                  d[[]]
    d.get("a")              d.get("x")              d.get("x", 7)           d.get([])
    "a" in d                (4, 5) in d             "x" in d                [] in d
    len(d)                  bool(d)                 list(d)                 list(reversed(d))
    list(d.keys())          list(d.values())        list(d.items())         dict(d)
    len(d.keys())           len(d.values())         len(d.items())          {**d}
    "a" in d.keys()         None in d.values()      ("a", 1) in d.items()   ("a", 2) in d.items()
    list(reversed(d.keys()))                        list(reversed(d.values()))
    list(reversed(d.items()))                       d.copy()                d.keys() == {"a"}
    d.keys() & {"a", "x"}   d.keys() - {"a", "b", 3}                        d.keys() > {"a"}
    d == dict(d)            d == {}                 d != {}                 d == 5
    {} == d                 d == [("a", 1)]         str(d)                  f"{d}"
    d | {"a": 0, "y": 9}    {"a": 0, "y": 9} | d    d | d                   d | []
    d < {}                  hash(d)                 isinstance(d, Mapping)  [*d]
    isinstance(d, MutableMapping)                   isinstance(d, Reversible)
    d + {}                  json.dumps(d["b"])      json.dumps(str(d.copy()))
    d.nothing               d.get()                 [k for k, v in d.items() if v == 1]
    {v: k for k, v in list(d.items())[:1]}
"""

WRITING_A_DICT = """
    d["n"] = 1              d["a"] = None           d[3.0] = "three"        d[[]] = 1
    del d["a"]              del d["x"]              d["a"] += 1             d["x"] += 1
    d.setdefault("a", 9)    d.setdefault("n", 9)    d.setdefault("n")       d.setdefault([])
    d.pop("a")              d.pop("x")              d.pop("x", None)        d.pop("x", 7)
    d.popitem()             d.clear()               d.update({"a": 0, "n": 1})
    d.update()              d.update(n=1)           d.update({"n": 1}, m=2)
    d.update([("n", 1)], m=2)                       d.update(d)             d.update(d, n=1)
    d.update(zip("ab", "cd"))                       d.update("ab")          d.update([1])
    d.update([(1, 2, 3)])   d.update(None)          d.update(5)             d.update(self=1)
    d |= {"n": 1}           d |= [("n", 1)]         d |= 5                  d["b"].append(4)
    d.update({1: 0}, other=2)                       d.update({1.0: 0, 3.0: 4})
    d |= d                  d.update(iter([]))
"""

READING_A_LIST = """
    l[0]                    l[-1]                   l[6]                    l[-7]
    l[True]                 l[1.0]                  l["a"]                  l[None]
    l[1:3]                  l[::-1]                 l[-2:]                  l[5:1]
    l[::0]                  l["a":]                 l[10**30]               l[-(10**30)]
    l[: 10**30]             l[-(10**30) :]          l[:: 10**30]            l[:: -(10**30)]
    len(l)                  bool(l)                 list(l)                 list(reversed(l))
    1 in l                  True in l               [5.0] in l              "x" in l
    l.index(1)              l.index(1, 2)           l.index("c", -5, -1)    l.index("x")
    l.count(1)              l.count("x")            l.copy()                str(l)
    l == list(l)            l == []                 l != []                 l == tuple(l)
    [] == l                 l + [1]                 [1] + l                 l + (1,)
    l + l                   l * 2                   2 * l                   l * 1.5
    l * -1                  l < [4]                 l <= [3]                l > l
    l >= l                  [4] > l                 l < 5                   hash(l)
    [*l]                    json.dumps(l.copy())    f"{l}"                  l.nothing
    isinstance(l, Sequence)                         isinstance(l, MutableSequence)
    l.index()
"""

WRITING_A_LIST = """
    l[0] = "n"              l[-1] = "n"             l[6] = "n"              l[10**30] = "n"
    l[1:3] = ["n"]          l[::2] = "xyz"          l[::2] = "xy"           l[1:1] = range(3)
    l[:] = []               l[1:3] = 5              l[::-1] = l             l[10**30 :] = "yz"
    del l[0]                del l[6]                del l[1:3]              del l[::-2]
    l.append("n")           l.append()              l.extend("xyz")         l.extend(5)
    l.extend(l)             l.extend(iter("xy"))    l.insert(0, "n")        l.insert(-1, "n")
    l.insert(99, "n")       l.insert("a", "n")      l.pop()                 l.pop(0)
    l.pop(-7)               l.pop("a")              l.remove(1)             l.remove("x")
    l.clear()               l.reverse()             l += ["n"]              l += "xy"
    l += l                  l += 5                  l *= 2                  l *= 0
    l *= -1                 l *= 1.5                l *= "a"                l[5].append(6)
    l[1] += 1               l[2] += 1               l.sort(key=str)
    l.sort(key=repr, reverse=True)                  l.sort(key=len)         l.sort(None)
    l.sort(key=5)           l.sort(key=type)        l[:] = [3, 1, 2]; l.sort()
    l[:] = [3, 1, 2]; l.sort(reverse=True)
    l[:] = [(1, "b"), (1, "a"), (0, "z")]; l.sort(key=lambda item: item[0])
    l[:] = [(1, "b"), (1, "a"), (0, "z")]; l.sort(key=lambda item: item[0], reverse=True)
"""


def codes(table: str) -> list[str]:
    """Return the pieces of code in a table, whose columns are two blanks or more apart."""
    pieces = (piece.strip() for line in table.splitlines() for piece in line.split("  "))
    return [piece for piece in pieces if piece]


@pytest.fixture(scope="module")
def client() -> Iterator[shared_state.Client]:
    """One client for all of these tests: each makes its object anew."""
    server = ThreadServer(Settings(port=0, authkey=secrets.token_bytes(32))).start()
    with server.connect() as connected:
        yield connected
    server.stop()


def run(code: str, **names: Any) -> str:
    """Run one piece of code on `names` and say what came of it."""
    everything = {**NAMES, **names}
    try:
        expression = compile(code, code, "eval")
    except SyntaxError:
        return outcome(exec, compile(code, code, "exec"), everything)
    return outcome(eval, expression, everything)


@pytest.mark.parametrize("code", codes(READING_A_DICT) + codes(WRITING_A_DICT))
def test_a_shared_dict_is_used_like_a_dict(client: shared_state.Client, code: str) -> None:
    plain, shared = copy.deepcopy(DICT), client.dict("d")
    shared.clear()
    shared.update(plain)
    assert run(code, d=shared) == run(code, d=plain)
    if "].append" not in code:
        assert repr(shared.copy()) == repr(plain)


@pytest.mark.parametrize("code", codes(READING_A_LIST) + codes(WRITING_A_LIST))
def test_a_shared_list_is_used_like_a_list(client: shared_state.Client, code: str) -> None:
    plain, shared = copy.deepcopy(LIST), client.list("l")
    shared[:] = plain
    assert run(code, l=shared) == run(code, l=plain)
    if "].append" not in code:
        assert repr(shared.copy()) == repr(plain)


@pytest.mark.parametrize(
    ("code", "requests"),
    [
        ("d == e", 2),
        ("d | e", 2),
        ("DICT | e", 1),
        ("d | DICT", 1),
        ("d |= e", 2),
        ("d.update(e)", 2),
        ("d.update(e, n=1)", 2),
        ("d.update(DICT, n=1)", 1),
        ("d.copy()", 1),
        ("1 in d.values()", 1),
        ("l == LIST", 1),
        ("l + l", 2),
        ("l += l", 2),
        ("l[1:3] = LIST", 1),
        ("l *= 2", 1),
        ("l.reverse()", 1),
        ("l.sort(key=repr)", 3),
        ("str(l)", 1),
    ],
)
def test_whole_objects_travel_at_once(
    client: shared_state.Client, sent: list[bytes], code: str, requests: int
) -> None:
    """And not item by item, which takes for ever, and fails if somebody removes one meanwhile."""
    shared: dict[str, Any] = {"d": client.dict("d"), "e": client.dict("e"), "l": client.list("l")}
    for each in ("d", "e"):
        shared[each].update(DICT)
    shared["l"][:] = LIST
    sent.clear()
    assert run(code, **shared).startswith("returned")
    assert len(sent) == requests


@pytest.mark.parametrize(
    ("kind", "text"),
    [("dict", "<shared dict 'n' at tcp://"), ("list", "<shared list 'n' at tcp://")],
)
def test_repr_names_type_object_and_address(
    client: shared_state.Client, kind: str, text: str
) -> None:
    client.delete("n")
    shared = getattr(client, kind)("n")
    assert repr(shared) == f"{text}{client.address.host}:{client.address.port}>"


def test_every_operation_of_a_shared_object_has_its_documentation(
    client: shared_state.Client,
) -> None:
    shared = client.dict("d")
    assert shared.set.__doc__ == "Store `value` under `key`."
    assert inspect.signature(shared.pop).parameters.keys() == {"key", "default", "fence"}
