"""driftguard's half inside the guarded project's own interpreter.

Python 3.8 syntax, the standard library, and the SQLAlchemy and Alembic that the project has; nothing of the host.
"""
