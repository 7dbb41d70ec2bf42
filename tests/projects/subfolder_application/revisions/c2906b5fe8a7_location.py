"""location

Revision ID: c2906b5fe8a7
Revises: 7e14a9c3d085
"""

from alembic import op

revision = "c2906b5fe8a7"
down_revision = "7e14a9c3d085"


def upgrade():
    op.alter_column("departments", "address", new_column_name="location")


def downgrade():
    op.alter_column("departments", "location", new_column_name="address")
