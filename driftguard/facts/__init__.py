"""Facts: the only place where git, the guest, shadows and catalogs are put together, each fact obtained once."""

from driftguard.facts.database import DatabaseFacts
from driftguard.facts.environment import EnvironmentFacts
from driftguard.facts.guest import READ
from driftguard.facts.live import LiveFacts
from driftguard.facts.readings import Lasting, Readings
from driftguard.facts.scene import Live, Moment, Progress, Scene
from driftguard.facts.unavailable import NotRemembered, Unavailable

__all__ = [
    "READ",
    "DatabaseFacts",
    "EnvironmentFacts",
    "Lasting",
    "Live",
    "LiveFacts",
    "Moment",
    "NotRemembered",
    "Progress",
    "Readings",
    "Scene",
    "Unavailable",
]
