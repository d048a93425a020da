"""``python -m shared_state_server`` is ``shared-state``."""

from __future__ import annotations

from .cli import main

if __name__ == "__main__":
    main()
