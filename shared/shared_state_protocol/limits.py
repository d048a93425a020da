"""The limits of what may travel: each with its reason and its unit.

They are checked on both sides, before anything is allocated for what is over them: the sender
refuses what the receiver would refuse. What bounds one side alone (buffers, pending handshakes) is
named where that side uses it.
"""

from __future__ import annotations

__all__ = [
    "MAX_DEPTH",
    "MAX_EQUAL_HASHES",
    "MAX_FRAME_BYTES",
    "MAX_KEY_BYTES",
    "MAX_NODES",
    "MAX_NUMBER_BYTES",
]

MAX_FRAME_BYTES = 64 * 1024 * 1024
"""One request or reply. Larger ones would hold up everybody else who shares the loop and the link;
what is larger belongs in several values."""

MAX_DEPTH = 64
"""Containers inside each other in one value. Far more than data has that people made, and few
enough for every recursive walk (comparing, printing) to stay clear of the recursion limit."""

MAX_NODES = 1_000_000
"""Values inside one value, itself included. One byte can be an empty list, which takes 56 bytes of
memory: without a limit a frame could ask for several gigabytes."""

MAX_KEY_BYTES = 64 * 1024
"""One encoded key. A key is compared and kept whole with every entry; a text of 64 KiB still fits,
while making the canonical form of the worst key stays within milliseconds."""

MAX_NUMBER_BYTES = 4096
"""The numbers of a `fractions.Fraction`, and the integers that a server calculates with. Python
reduces fractions and compares integers with decimals in quadratic time: 1 ms at 4 KiB, minutes at
1 MiB. Integers of clients have no such limit, since they are only copied."""

MAX_EQUAL_HASHES = 1000
"""Elements of one set, or keys of one dict, that share their hash with an earlier one. Integers
have no seeded hash, so a peer could make a million that collide, and inserting them would take
hours. Data that nobody made for this purpose has a handful."""
