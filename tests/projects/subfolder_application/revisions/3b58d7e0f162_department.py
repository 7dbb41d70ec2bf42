"""department

Revision ID: 3b58d7e0f162
Revises: 0a6f2c9b41de
"""

import sqlalchemy as sa
from alembic import op

revision = "3b58d7e0f162"
down_revision = "0a6f2c9b41de"


def upgrade():
    op.create_table(
        "department",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String()),
        sa.Column("address", sa.String()),
    )


def downgrade():
    op.drop_table("department")
