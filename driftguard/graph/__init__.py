"""The revision graph, read from revision files without running them."""

from driftguard.graph.base import Base, find_base
from driftguard.graph.graph import Graph, Missing
from driftguard.graph.history import Trace, UnstagedRevision, unstaged_revisions, whereabouts
from driftguard.graph.load import load
from driftguard.graph.memory import Memory, memory_of
from driftguard.graph.origin import provenance
from driftguard.graph.revision import Revision, Unreadable, parse_revision

__all__ = [
    "Base",
    "Graph",
    "Memory",
    "Missing",
    "Revision",
    "Trace",
    "Unreadable",
    "UnstagedRevision",
    "find_base",
    "load",
    "memory_of",
    "parse_revision",
    "provenance",
    "unstaged_revisions",
    "whereabouts",
]
