"""Takes the database's URL from the environment, else from the ini file."""

import os

from alembic import context
from models import Base
from sqlalchemy import engine_from_config, pool

section = context.config.get_section("alembic")
section["sqlalchemy.url"] = os.environ.get("SHOP_DATABASE", section["sqlalchemy.url"])
engine = engine_from_config(section, prefix="sqlalchemy.", poolclass=pool.NullPool)

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
