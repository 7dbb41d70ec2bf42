"""Released projects that carry their Alembic environment in the wheel, and what their developers would do to them."""

from __future__ import annotations

from textwrap import dedent
from typing import NamedTuple


class Addition(NamedTuple):
    """A column that somebody adds to a model: ``line`` goes behind the only line ``behind`` of the file ``path``."""

    path: str
    behind: str
    line: str
    subject: str


class RealProject(NamedTuple):
    """``requirement`` and ``needs`` are installed; ``package`` is the folder that its developers work in.

    ``older``: (requirement, package, folder) of an earlier release whose code is in the repository too; ``files`` are
    what the developer added for driftguard. ``environment`` is its name, ``config`` its ini file, ``scripts`` its
    script folder. ``begins_on`` is the setting, "" if the revisions begin from nothing; without it ``unbuildable`` is
    the revision that fails on an empty database. ``live_column``: (table, column) that is dropped by hand.
    ``below_head`` is head's parent. ``unseen``: (dialect, subject) of what Alembic does not see; ``create_all_fails``:
    (dialect, what ``create_all()`` says).
    """

    name: str
    requirement: str
    package: str
    needs: tuple[str, ...]
    environment: str
    config: str
    scripts: str
    added_column: Addition
    live_column: tuple[str, str]
    below_head: str
    older: tuple[str, str, str] | None = None
    files: tuple[tuple[str, str], ...] = ()
    begins_on: str = ""
    unbuildable: str = ""
    unseen: frozenset[tuple[str, str]] = frozenset()
    create_all_fails: tuple[tuple[str, str], ...] = ()


OPTUNA = RealProject(
    name="optuna",
    requirement="optuna==5.0.0",
    package="optuna",
    needs=("sqlalchemy>=1.4.2", "alembic>=1.5", "psycopg[binary]"),
    environment="_rdb",
    config="optuna/storages/_rdb/alembic.ini",
    scripts="optuna/storages/_rdb/alembic",
    added_column=Addition(
        "optuna/storages/_rdb/models.py",
        "    number = _Column(Integer)\n",
        "    retries = _Column(Integer)\n",
        "trials.retries",
    ),
    live_column=("trials", "datetime_start"),
    below_head="v3.0.0.d",
    # v1.2.0.a is to add WAITING, but ALTER COLUMN ... TYPE trialstate leaves the values of that type as they are.
    unseen=frozenset({("postgresql", "trialstate")}),
)

MLFLOW = RealProject(
    name="mlflow",
    requirement="mlflow-skinny==3.17.2",
    package="mlflow",
    needs=("sqlalchemy>=1.4,<3", "alembic>=1.10", "psycopg[binary]"),
    environment="db_migrations",
    config="mlflow/store/db_migrations/alembic.ini",
    scripts="mlflow/store/db_migrations",
    added_column=Addition(
        "mlflow/store/tracking/dbmodels/models.py",
        '    __tablename__ = "experiments"\n',
        "    colour = Column(String(20))\n",
        "experiments.colour",
    ),
    live_column=("runs", "entry_point_name"),
    below_head="75868b020152",
    begins_on="mlflow.store.tracking.dbmodels.initial_models:Base.metadata",
    unbuildable="451aebb31d03",
    create_all_fails=(("sqlite", 'near ")"'), ("postgresql", '"source_type" already exists')),
)

JUPYTERHUB = RealProject(
    name="jupyterhub",
    requirement="jupyterhub==6.1.1",
    package="jupyterhub",
    needs=("sqlalchemy>=1.4.1", "alembic>=1.4", "async_generator", "psycopg[binary]"),
    environment="jupyterhub",
    config="jupyterhub/alembic.ini",
    scripts="jupyterhub/alembic",
    added_column=Addition(
        "jupyterhub/orm.py",
        "    __tablename__ = 'servers'\n",
        "    colour = Column(Unicode(20))\n",
        "servers.colour",
    ),
    live_column=("users", "created"),
    below_head="ff1860e38070",
    older=("jupyterhub==4.1.6", "jupyterhub", "jupyterhub_4"),
    files=(
        (
            "first_tables.py",
            dedent('''\
                """The tables of release 4: revisions before it do not run on SQLAlchemy 2."""

                from jupyterhub_4.orm import Base

                def make(connection):
                    Base.metadata.create_all(connection)
                    for statement in (
                        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
                        "INSERT INTO alembic_version VALUES ('0eee8c825d24')",
                    ):
                        connection.exec_driver_sql(statement)
            '''),
        ),
    ),
    begins_on="first_tables:make",
    unbuildable="eeb276e51423",
)
