"""tasks

Revision ID: 61d0c8a4f3b5
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "61d0c8a4f3b5"
down_revision = None


def upgrade():
    op.create_table(
        "tasks",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("title", sa.String(80), nullable=False),
    )


def downgrade():
    op.drop_table("tasks")
