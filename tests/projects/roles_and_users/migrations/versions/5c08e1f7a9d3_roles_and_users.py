"""roles and users

Revision ID: 5c08e1f7a9d3
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "5c08e1f7a9d3"
down_revision = None


def upgrade():
    op.create_table(
        "roles",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("role_id", sa.Integer(), sa.ForeignKey("roles.id")),
    )
    op.create_index("ix_users_username", "users", ["username"])


def downgrade():
    op.drop_table("users")
    op.drop_table("roles")
