"""A shop whose item model gained a column without a revision, and whose revisions move values by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded import SAMPLES, Guarded, sql

NAME = "    name = db.Column(db.String(80), nullable=False)\n"
DESCRIPTION = "    description = db.Column(db.String(200))\n"
FILLED = '''"""descriptions

Revision ID: e63a0d97f418
Revises: b94e5f20c7d1
"""

import sqlalchemy as sa
from alembic import op

revision = "e63a0d97f418"
down_revision = "b94e5f20c7d1"


def upgrade():
    op.add_column("items", sa.Column("description", sa.String(200)))
    op.execute("UPDATE items SET description = 'a ' || name || ' at 100%' WHERE on_offer")


def downgrade():
    op.execute("UPDATE items SET description = NULL")
'''


@pytest.fixture
def shop(tmp_path: Path, url: str) -> Guarded:
    guarded = Guarded.copy_of(SAMPLES / "shop", tmp_path / "shop", {"SHOP_DATABASE": url})
    guarded.flask("db", "upgrade")
    return guarded


def test_nothing_is_told_while_all_agree(shop: Guarded) -> None:
    checked = shop.check()
    assert (checked.code, checked.codes) == (0, [])


def test_rows_are_no_schema(shop: Guarded, url: str) -> None:
    sql(
        url,
        "INSERT INTO stores (id, name) VALUES (1, 'corner')",
        "INSERT INTO items (id, name, price, store_id) VALUES (1, 'apple', 1, 1)",
        "INSERT INTO tags (id, name) VALUES (1, 'fruit')",
        "INSERT INTO items_tags (item_id, tag_id) VALUES (1, 1)",
    )
    checked = shop.check()
    assert (checked.code, checked.codes) == (0, [])


def test_a_column_without_a_revision_until_one_is_written(shop: Guarded) -> None:
    shop.replace("models/item.py", NAME, NAME + DESCRIPTION)

    checked = shop.check()

    assert (checked.code, checked.told) == (1, {("DG201", "items.description")})
    lacking = checked.one("DG201")
    assert lacking["place"] == {"path": "models/item.py", "line": 9}
    assert lacking["commands"] == ['flask db migrate -m "add items.description"']

    shop.write("migrations/versions/e63a0d97f418_descriptions.py", FILLED)
    checked = shop.check()
    assert (checked.code, checked.told) == (0, {("DG302", "e63a0d97f418")})

    shop.flask("db", "upgrade")
    checked = shop.check()
    assert (checked.code, checked.codes) == (0, [])


def test_the_association_table_is_guarded_too(shop: Guarded, url: str) -> None:
    sql(url, "DROP TABLE items_tags")
    shop.replace(
        "models/tag.py",
        '    db.Column("tag_id", db.ForeignKey("tags.id"), primary_key=True),\n',
        '    db.Column("tag_id", db.ForeignKey("tags.id"), primary_key=True),\n    db.Column("since", db.Date),\n',
    )
    checked = shop.check()
    assert (checked.code, checked.told) == (1, {("DG201", "items_tags.since"), ("DG301", "items_tags")})
    assert checked.one("DG201")["place"] == {"path": "models/tag.py", "line": 7}


def test_a_type_that_autogenerate_never_recognises_stops_nobody(tmp_path: Path, postgresql_url: str) -> None:
    shop = Guarded.copy_of(SAMPLES / "shop", tmp_path / "shop", {"SHOP_DATABASE": postgresql_url})
    shop.replace("migrations/versions/2d71b3c60e8a_stores_items_tags.py", "sa.Float()", "sa.Float(precision=2)")
    shop.replace("models/item.py", "db.Float", "db.Float(precision=2)")
    shop.flask("db", "upgrade")

    checked = shop.check()
    assert (checked.code, checked.told) == (0, {("DG201", "items.price")})
    assert checked.one("DG201")["commands"] == []

    shop.replace("models/item.py", "db.Float(precision=2)", "db.REAL")
    checked = shop.check()
    assert (checked.code, checked.codes) == (0, [])
