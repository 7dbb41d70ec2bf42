"""departments

Revision ID: 7e14a9c3d085
Revises: 3b58d7e0f162
"""

from alembic import op

revision = "7e14a9c3d085"
down_revision = "3b58d7e0f162"


def upgrade():
    op.rename_table("department", "departments")


def downgrade():
    op.rename_table("departments", "department")
