"""driftguard beside stock Alembic, in the same run: ``python3 dev.py bench``."""
