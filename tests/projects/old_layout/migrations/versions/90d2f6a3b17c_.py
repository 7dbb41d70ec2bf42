"""empty message

Revision ID: 90d2f6a3b17c
Revises: 4e9b07c1d8f2
Create Date: 2015-02-19 17:40:02.870114

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "90d2f6a3b17c"
down_revision = "4e9b07c1d8f2"


def upgrade():
    op.add_column("books", sa.Column("shelf", sa.String(length=12), nullable=True))


def downgrade():
    op.drop_column("books", "shelf")
