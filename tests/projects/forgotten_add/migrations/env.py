from alembic import context
from models import Base
from sqlalchemy import create_engine

engine = create_engine("sqlite:///tasks.db")

with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
