"""Books: what the members of a round were told, and the audit of that against the server.

An item or a count is *certain* if a call said so, *possible* if the call ended without a word
(cancelled, or `OutcomeUnknown`). Every certain item has been got or is still there, every possible
one at most, and none twice; every counter has been added to as often as calls say.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

__all__ = ["Books"]


NO_ITEM = -1


class Books:
    """What happened to the objects of one round, whose names begin with `round_name`.

    Unless `once`, calls may end without a word, and an item may be got twice, because sessions end
    before the server has heard that what was under way has arrived. Unless `gets`, items are only
    claimed: what was got is gone with who got it.
    """

    gets = True

    def __init__(self, round_name: str, *, once: bool) -> None:
        self.once = once
        self.queue = f"{round_name} queue"
        self.lock = f"{round_name} lock"
        self.counts = f"{round_name} counts"
        self._guard = threading.Lock()
        self._items = 0
        self._put: Counter[int] = Counter()
        self._maybe_put: Counter[int] = Counter()
        self._got: Counter[int] = Counter()
        self._maybe_got: set[int] = set()
        self._added: Counter[str] = Counter()
        self._maybe_added: Counter[str] = Counter()
        self.mysteries = 0
        self._in_dead_hands = 0
        self._adds_of_the_dead = 0
        self._in_hand: set[int] = set()
        self._inside = 0
        self._intruders = 0

    def new_items(self, count: int) -> list[int]:
        """Return items that nobody has."""
        with self._guard:
            self._items += count
            return list(range(self._items - count, self._items))

    def put(self, items: list[int], *, certain: bool) -> None:
        """Note what a put said."""
        with self._guard:
            (self._put if certain else self._maybe_put).update(items)

    def got(self, items: list[int]) -> None:
        """Note what a get returned."""
        with self._guard:
            self._got.update(items)

    def maybe_got(self, claim: Any) -> None:
        """Note that the end of a claim said nothing: if it had an item, that is gone or back."""
        with self._guard:
            self._maybe_got |= {getattr(claim, "item", NO_ITEM)} - {NO_ITEM}

    def claimed(self, item: int) -> None:
        """Note that somebody has claimed an item."""
        with self._guard:
            self._intruders += item in self._in_hand
            self._in_hand.add(item)

    def let_go(self, item: int) -> None:
        """Note that a claim is about to end."""
        with self._guard:
            self._in_hand.discard(item)

    def ended_without_a_word(self) -> None:
        """Note that nobody knows what a call has done, though nobody gave it up."""
        with self._guard:
            self.mysteries += 1

    def died(self, announced: set[int], claims: list[int], *, in_hands: int, adds: int) -> None:
        """Note that somebody died: of his last call nobody knows what it has done.

        It may have put items that he had announced, acknowledged the last that he had claimed, got
        up to `in_hands`, and added up to `adds`.
        """
        with self._guard:
            self._maybe_put.update(announced)
            self._maybe_got.update(claims[-1:])
            self._in_dead_hands += in_hands
            self._adds_of_the_dead += adds

    def added(self, key: str, *, certain: bool) -> None:
        """Note what an addition of one said."""
        with self._guard:
            (self._added if certain else self._maybe_added)[key] += 1

    def enter(self) -> None:
        """Note that somebody holds the lock."""
        with self._guard:
            self._intruders += self._inside > 0
            self._inside += 1

    def leave(self) -> None:
        """Note that somebody is about to release the lock."""
        with self._guard:
            self._inside -= 1

    def audit(self, state: Any) -> None:
        """Compare the books with what is there, and take it away."""
        assert not self.once or not self.mysteries, "calls that ended without a word"
        names = {self.queue, self.lock, self.counts}
        for info in state.objects():
            if info.name in names:
                assert (info.waiters, info.owners) == (0, []), f"left behind at {info}"
        queue = state.queue(self.queue)
        left: list[int] = queue.get_many(self._items + 1) if queue.qsize() else []
        found = self._got + Counter(left)
        lost = set(self._put) - set(found) - self._maybe_got
        assert len(lost) <= self._in_dead_hands, f"lost: {lost}"
        assert set(found) <= set(self._put + self._maybe_put), "items that nobody has put"
        assert not self.once or set(found.values()) <= {1}, f"twice: {found - Counter(set(found))}"
        counts = Counter(state.dict(self.counts).copy())
        assert not self._added - counts, f"additions lost: {self._added - counts}"
        above = counts - self._added - self._maybe_added
        assert above.total() <= self._adds_of_the_dead, f"additions twice: {above}"
        assert not self.once or self._intruders == 0, "two had the lock, or an item, at once"
        for name in names:
            state.delete(name)
