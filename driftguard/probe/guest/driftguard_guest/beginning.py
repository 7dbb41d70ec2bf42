"""What stands in a database before the first revision runs."""

import importlib

from sqlalchemy import MetaData


def make(engine, reference):
    """Let the object ``package.module:name`` (a MetaData, or a function of a connection) fill an empty database."""
    module, _, path = reference.partition(":")
    maker = importlib.import_module(module)
    for name in path.split("."):
        maker = getattr(maker, name)
    with engine.begin() as connection:
        if isinstance(maker, MetaData):
            maker.create_all(connection)
        else:
            maker(connection)
