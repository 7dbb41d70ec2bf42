"""employees

Revision ID: 0a6f2c9b41de
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0a6f2c9b41de"
down_revision = None


def upgrade():
    op.create_table(
        "employees",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("salary", sa.Integer()),
    )


def downgrade():
    op.drop_table("employees")
