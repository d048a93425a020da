"""What both sides agree on: contracts, errors, values, and the wire.

Nothing here does I/O, reads a clock, starts a thread or asks for randomness; whatever of these a
rule needs is passed in.
"""

from __future__ import annotations

__all__: list[str] = []
