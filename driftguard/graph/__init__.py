"""The revision graph, read from revision files without running them."""

from driftguard.graph.base import Base, find_base
from driftguard.graph.collisions import apart, collisions, double_merges
from driftguard.graph.compare import does_the_same
from driftguard.graph.graph import Graph, Missing
from driftguard.graph.history import Trace, UnstagedRevision, unstaged_revisions, whereabouts
from driftguard.graph.known import NOTHING_KNOWN, Known
from driftguard.graph.load import Loaded, load, load_again
from driftguard.graph.lost import Find, Search, Where, search
from driftguard.graph.memory import Key, Memory, memory_of
from driftguard.graph.origin import provenance
from driftguard.graph.recovery import Recovery, applied_beside, recover, ways_down
from driftguard.graph.revision import Revision, Unreadable, parse_revision
from driftguard.graph.way_back import WayBack, way_back

__all__ = [
    "NOTHING_KNOWN",
    "Base",
    "Find",
    "Graph",
    "Key",
    "Known",
    "Loaded",
    "Memory",
    "Missing",
    "Recovery",
    "Revision",
    "Search",
    "Trace",
    "Unreadable",
    "UnstagedRevision",
    "WayBack",
    "Where",
    "apart",
    "applied_beside",
    "collisions",
    "does_the_same",
    "double_merges",
    "find_base",
    "load",
    "load_again",
    "memory_of",
    "parse_revision",
    "provenance",
    "recover",
    "search",
    "unstaged_revisions",
    "way_back",
    "ways_down",
    "whereabouts",
]
