"""Databases as a replay left them, remembered with everything that the replay rested on."""

from driftguard.snapshots.snapshot import Kept, Snapshot
from driftguard.snapshots.store import Store

__all__ = ["Kept", "Snapshot", "Store"]
