"""begin

Revision ID: 3f2a8c01b7de
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "3f2a8c01b7de"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "shelves",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("label"),
    )
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("price", sa.Numeric(8, 2)),
        sa.Column("shelf_id", sa.Integer()),
        sa.ForeignKeyConstraint(["shelf_id"], ["shelves.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_items_name"), "items", ["name"])


def downgrade():
    op.drop_table("items")
    op.drop_table("shelves")
