"""offers

Revision ID: b94e5f20c7d1
Revises: 2d71b3c60e8a
"""

import sqlalchemy as sa
from alembic import op

revision = "b94e5f20c7d1"
down_revision = "2d71b3c60e8a"


def upgrade():
    op.add_column("items", sa.Column("on_offer", sa.Boolean()))
    op.execute("UPDATE items SET on_offer = (price < 5)")


def downgrade():
    op.execute("UPDATE items SET on_offer = NULL")
