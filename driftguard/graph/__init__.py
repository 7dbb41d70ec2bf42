"""The revision graph, read from revision files without running them."""

from driftguard.graph.base import Base, find_base
from driftguard.graph.collisions import collisions, double_merges
from driftguard.graph.compare import does_the_same
from driftguard.graph.graph import Graph, Missing
from driftguard.graph.history import Trace, UnstagedRevision, provenance, unstaged_revisions, whereabouts
from driftguard.graph.load import load
from driftguard.graph.memory import Key, Memory, memory_of
from driftguard.graph.revision import Revision, Unreadable, parse_revision

__all__ = [
    "Base",
    "Graph",
    "Key",
    "Memory",
    "Missing",
    "Revision",
    "Trace",
    "Unreadable",
    "UnstagedRevision",
    "collisions",
    "does_the_same",
    "double_merges",
    "find_base",
    "load",
    "memory_of",
    "parse_revision",
    "provenance",
    "unstaged_revisions",
    "whereabouts",
]
