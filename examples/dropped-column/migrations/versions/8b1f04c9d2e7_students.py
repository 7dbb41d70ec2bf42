"""students

Revision ID: 8b1f04c9d2e7
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "8b1f04c9d2e7"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "students",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("first_name", sa.String(50), nullable=False),
        sa.Column("last_name", sa.String(50)),
    )


def downgrade():
    op.drop_table("students")
