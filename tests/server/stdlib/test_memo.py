"""Memos of pickles: none larger than the pickle, wherever it says how large."""

from __future__ import annotations

import pickle
import pickletools
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_state_server.stdlib.memo import SHORT_BYTES, check_memo
from tests.fixtures.work import steps_of

HUGE = b"r\xff\xff\xff\xff"

VALUES = st.recursive(
    st.none() | st.integers() | st.floats() | st.text("rp\n\xff") | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
)

EVERY_PROTOCOL = pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))


@EVERY_PROTOCOL
@given(value=VALUES)
def test_what_pickle_makes_passes(protocol: int, value: Any) -> None:
    check_memo(pickle.dumps(value, protocol))


@EVERY_PROTOCOL
@given(value=VALUES, data=st.data())
def test_a_huge_number_is_found_between_any_two_opcodes(
    protocol: int, value: Any, data: st.DataObject
) -> None:
    payload = pickle.dumps(value, protocol)
    starts = [start for _, _, start in pickletools.genops(payload) if start]
    at = data.draw(st.sampled_from(starts or [0]))
    huge = data.draw(st.sampled_from([HUGE, b"p4000000000\n"]))
    with pytest.raises(pickle.UnpicklingError, match="needs no memo"):
        check_memo(payload[:at] + huge + payload[at:])


@pytest.mark.parametrize("size", [len(HUGE), SHORT_BYTES - 1, SHORT_BYTES, 255, 256, 1 << 16])
def test_what_only_looks_like_one_is_a_text(size: int) -> None:
    check_memo(pickle.dumps(HUGE.rjust(size)))
    check_memo(pickle.dumps(HUGE.decode("latin-1").rjust(size)))


def test_a_memo_as_large_as_the_pickle_passes() -> None:
    many = 100_000
    check_memo(pickle.dumps([(number,) for number in range(many)], 2))
    with pytest.raises(pickle.UnpicklingError):
        check_memo(b"Nr" + struct.pack("<I", many) + b".")


def test_what_behind_the_end_is_not_read() -> None:
    check_memo(b"N." + HUGE)


def test_many_opcodes_are_passed_over_at_once() -> None:
    assert steps_of(lambda: check_memo(b"(" * 100_000 + b"r")) < 1000
