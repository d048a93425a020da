"""The commands of ``shared-state`` that are clients: ``ping``, ``ls``, ``lock(s)`` and ``demo``.

The server's package makes the command line and finds these as entry points; neither side imports
the other. A command returns, or raises what `connect` raises; the command line turns that into one
line on stderr and an exit status.
"""

from __future__ import annotations

__all__: list[str] = []
