"""``python -m shared_state`` is ``shared-state``.

That command is the server's side, which this one does not import; so it is found by its name, as
the server finds the commands of the client.
"""

from __future__ import annotations

from importlib.metadata import entry_points

if __name__ == "__main__":
    (command,) = entry_points(group="console_scripts", name="shared-state")
    command.load()()
