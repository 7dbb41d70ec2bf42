"""empty message

Revision ID: 4e9b07c1d8f2
Revises: None
Create Date: 2014-11-03 09:12:44.251930

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "4e9b07c1d8f2"
down_revision = None


def upgrade():
    op.create_table(
        "books",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade():
    op.drop_table("books")
