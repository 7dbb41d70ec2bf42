"""driftguard: models, migration head, live database and revision graph, and which of them is off."""

__version__ = "0.1.0"
