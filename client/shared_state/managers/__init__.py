"""Managers: the classes of `multiprocessing.managers`, on our server."""

from __future__ import annotations

from .shared_state_manager import SharedStateManager

__all__ = ["SharedStateManager"]
