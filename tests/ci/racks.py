"""The change that the pipelines of these tests build: a table, its revision, and its label's length."""

from __future__ import annotations

from hooked import HEAD, REVISION

RACK = """

class Rack(Base):
    __tablename__ = "racks"

    id = Column(Integer, primary_key=True)
    label = Column(LABEL)
"""
RACKS = 'op.create_table("racks", sa.Column("id", sa.Integer, primary_key=True), sa.Column("label", sa.String(20)))'
NEW = "7bd0e1f6a934"


def racks() -> str:
    """The revision for the table."""
    text = REVISION.format(id=NEW, column="racks", table="racks", down=HEAD)
    up = 'op.add_column("racks", sa.Column("racks", sa.String(10)))'
    back = 'op.drop_column("racks", "racks")'
    assert up in text
    assert back in text
    return text.replace(up, RACKS).replace(back, 'op.drop_table("racks")')
