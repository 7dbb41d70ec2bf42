"""One Alembic environment: run its env.py on shadows, and say what every database in it looks like."""

import argparse
import os
import sys
from inspect import signature as inspect_signature

from alembic import command
from alembic.autogenerate import RevisionContext
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationStep
from alembic.script import ScriptDirectory
from alembic.util import to_tuple
from sqlalchemy import Column, MetaData, String, Table, create_engine, exc, inspect, select
from sqlalchemy.engine import make_url

from . import application, beginning, operations, reaching, recording, sources
from .connections import Connections, Live
from .filters import Filters
from .replays import Replay
from .sessions import Sessions
from .templates import STAND_IN, lacks_url, with_url
from .wire import Failure, describe

VERSION_STATEMENTS = {
    "postgresql": "SHOW server_version",
    "mysql": "SELECT version()",
    "mariadb": "SELECT version()",
}
SCRATCH = "import"
"""What a shadow is for that an import connects to."""

STEPS = {"up": MigrationStep.upgrade_from_script, "down": MigrationStep.downgrade_from_script}
REVISION_ARGUMENTS = {
    "message": None,
    "autogenerate": True,
    "sql": False,
    "head": "head",
    "splice": False,
    "branch_label": None,
    "version_path": None,
    "rev_id": None,
    "depends_on": None,
}


class Database:
    """What one ``context.run_migrations()`` of env.py was about: a connection, its options and what came of it."""

    def __init__(self, context, shadow, live):
        self.context = context
        self.options = dict(context.opts)  # Alembic goes on with the same dict for the next database
        self.shadow = shadow
        self.live = live  # the number of its live address
        self.heads = []
        self.operations = []
        self.failure = None
        self.comparison_failure = None
        self.version_schema = _version_schema(context)

    @property
    def name(self):
        """The database's name in a multidb env.py ("" for the only one), else the schema of its version table."""
        token = str(self.options.get("upgrade_token") or "upgrades")
        name = token[: -len("upgrades")].rstrip("_") if token.endswith("upgrades") else token
        return name or self.options.get("version_table_schema") or ""

    @property
    def metadatas(self):
        """The target metadata as a list: env.py may give none, one or several."""
        given = self.options.get("target_metadata")
        if given is None:
            return []
        return list(given) if isinstance(given, (list, tuple)) else [given]


MYSQL_DRIVERS = ("mysqldb", "pymysql", "mysqlconnector", "asyncmy", "aiomysql")
DRIVERS = {
    "postgresql": ("psycopg2", "psycopg", "pg8000", "asyncpg"),
    "mysql": MYSQL_DRIVERS,
    "mariadb": MYSQL_DRIVERS,
}


class Environment:
    """The environment that this guest serves."""

    def __init__(self, wire):
        self._wire = wire
        self._databases = []
        self._configure = None
        self._context_managers = []
        self._variables = recording.environment()
        self._ini_url = ""
        self._purpose = ""
        self._back_to = None
        self._then = ()
        self._lacks_migrate = False
        self.connections = Connections(self._ask_for_shadow)
        self.sessions = Sessions(self.connections)

    def load(
        self,
        folder,
        config,
        section,
        script_location,
        url,
        begins_on,
        flask,
        flask_app,
        x,
        sys_path,
        probe_live,
    ):
        """Prepare to run env.py as its user would from ``folder``. Paths are absolute; nothing of env.py runs yet.

        A Flask application is imported here, with its connections led to a scratch shadow. ``url`` ("" if unknown) is a
        database that the user named: it goes before one of another kind in ini files. ``begins_on`` ("" for nothing)
        makes what stands before the first revision.
        """
        os.chdir(folder)
        for path in reversed(sys_path):
            sys.path.insert(0, path)
        sys.path.append(folder)
        sys.argv = ["alembic", "upgrade", "heads"]
        self._probe_live = probe_live
        self._x = x
        self._begins_on = begins_on
        self._url = url
        self.connections.env_py = os.path.join(script_location, "env.py")
        self.connections.install()
        if flask:
            self._load_flask(flask_app, script_location)
        else:
            self._ini_url = _configuration(config, section, script_location).get_main_option("sqlalchemy.url") or ""
            self._configure = lambda: with_url(_configuration(config, section, script_location), self._url)

    def _load_flask(self, flask_app, script_location):
        if not os.environ.get("FLASK_RUN_FROM_CLI"):
            os.environ["FLASK_RUN_FROM_CLI"] = "true"
        self.connections.loading_application = True
        try:
            flask_application, self._configure = application.load(flask_app, script_location)
        finally:
            self.connections.loading_application = False
        self._lacks_migrate = "migrate" not in flask_application.extensions
        context = flask_application.app_context()
        context.push()
        self._context_managers.append(context)

    def attach(self, folder, config, section, script_location, lives):
        """Reach live databases by the ``ways`` of an earlier guest; nothing of the project runs or is imported."""
        os.chdir(folder)
        self.connections.install()
        for way in lives:
            ini_url = _configuration(config, section, script_location).get_main_option("sqlalchemy.url") or ""
            self.connections.add(reaching.go(way, self._variables, ini_url))

    def ways(self, lives):
        """For each number of a live address: how ``attach`` reaches it, None where only env.py can."""
        return [reaching.found(self.connections.lives[each], self._variables, self._ini_url) for each in lives]

    def lacks_migrate(self):
        """Whether this is a Flask application that never calls Migrate(), and so has no command ``flask db``."""
        return self._lacks_migrate

    def revisions(self):
        """Every revision as Alembic itself loads it (which executes the files): path, id, parents, dependencies."""
        scripts = ScriptDirectory.from_config(self._configure())
        return [
            {
                "path": os.path.realpath(script.path),
                "id": script.revision,
                "down": list(to_tuple(script.down_revision, default=())),
                "depends_on": list(to_tuple(script.dependencies, default=())),
                "labels": sorted(script.branch_labels or ()),
            }
            for script in scripts.walk_revisions()
        ]

    def run(self, destination, compare, purpose, begin=(), back_to=None, then=()):
        """Run env.py on new shadows up to ``destination`` ("heads", or a list of revision ids), and then down again.

        ``back_to`` is where to then, None for nowhere; ``then`` are single steps after that: ("down" or "up", id).

        Everything up to the revisions in ``begin`` (a list, which may be empty) runs before anything else.

        Returns the databases that env.py went through, in order, each with what failed in it, and the error, if
        any. ``stand_in``: the config leaves its URL to a program, so SQLite stood in. ``replay``: what the shadows
        rest on, None where they cannot be kept; ``transcripts``: by shadow, the statements of each transaction that
        made it what it is, if the host wants them; ``abandoned``: they were lent, and are not what they have to be;
        ``untouched``: they were lent, and nothing had to be done to them.
        """
        self._back_to = back_to
        self._then = then
        error = self._run_env_py(destination, begin, compare, purpose)
        if isinstance(error, exc.ArgumentError) and not self._databases and lacks_url(self._configure()):
            self._url = STAND_IN
            error = self._run_env_py(destination, begin, compare, purpose)
        replay = self._replay.report(error)
        return {
            "databases": self._finished(error),
            "error": None if error is None else describe(error, "environment"),
            "stand_in": self._url == STAND_IN,
            "replay": replay,
            "transcripts": {} if replay is None else self._replay.transcripts(),
            "abandoned": self._replay.abandoned,
            "untouched": back_to is None and not then and self._replay.is_untouched(error),
        }

    def _run_env_py(self, destination, begin, compare, purpose):
        """The error that env.py raised, or None."""
        self.connections.begin_run()
        self._purpose = purpose
        self._databases = []
        self._replay = replay = Replay(self._wire.ask, self.connections)
        config = self._configure()
        _add_options(config, self._x)
        scripts = ScriptDirectory.from_config(config)
        wanted = destination if destination == "heads" else tuple(destination)

        def steps(heads, context):
            database = self._database_of(context)
            self._databases.append(database)
            replay.prepare(scripts)
            stages = [stage for stage in (tuple(begin), wanted) if stage]
            upgrades = replay.upgrades(scripts, stages[0], heads) if stages else ()
            replay.begin(database, config, scripts, stages[0] if stages else wanted, heads)
            for number, stage in enumerate(stages):
                if number:
                    replay.keep_nothing()
                    upgrades = scripts._upgrade_revs(stage, context.get_current_heads())
                for step in upgrades:
                    database.failure = {"revision": step.revision.revision, "path": step.revision.path}
                    yield step
            if self._back_to is not None:
                for step in scripts._downgrade_revs(self._back_to, context.get_current_heads()):
                    database.failure = {"revision": step.revision.revision, "path": step.revision.path}
                    yield step
            for direction, id_ in self._then:
                script = scripts.get_revision(id_)
                database.failure = {"revision": script.revision, "path": script.path}
                yield STEPS[direction](scripts.revision_map, script)
            database.failure = None
            database.heads = sorted(context.get_current_heads())
            replay.end(database)
            if compare and database.metadatas:
                self._compare(database, config, scripts, context)

        try:
            with self._prepared(EnvironmentContext(config, scripts, fn=steps, destination_rev=wanted)):
                scripts.run_env()
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # env.py may raise anything, SystemExit included
            return raised
        finally:
            replay.end()
        return None

    def _prepared(self, environment):
        """The context, which looks where it is before Alembic executes anything. (A subclass would get no proxies.)"""
        run_migrations = environment.run_migrations

        def prepared(**options):
            self._prepare(environment.get_context())
            self._replay.arguments = options
            self.connections.in_steps = True
            try:
                run_migrations(**options)
            finally:
                self.connections.in_steps = False

        environment.run_migrations = prepared
        return environment

    def _prepare(self, context):
        """Refuse what is no shadow, and make the version table's schema, which Alembic expects to be there."""
        self._shadow_of(context)
        schema = context.version_table_schema
        if schema and context.dialect.name == "postgresql":
            quoted = context.dialect.identifier_preparer.quote(schema)
            context.connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS {}".format(quoted))

    def _database_of(self, context):
        return Database(context, *self._shadow_of(context))

    def _shadow_of(self, context):
        found = None if context.connection is None else self.connections.of(context.connection)
        if found is None:
            raise Failure(
                "environment",
                "env.py runs migrations on a connection that driftguard could not lead to a shadow database",
                ["Nothing was executed on it. Make the engine with create_engine() or async_engine_from_config()."],
            )
        return found

    def _compare(self, database, config, scripts, context):
        revisions = RevisionContext(config, self._replay.at_head(scripts), dict(REVISION_ARGUMENTS))
        try:
            revisions.run_autogenerate(context.get_current_heads(), context)
            for script in revisions.generated_revisions:
                for container in script.upgrade_ops_list:
                    database.operations += [
                        operations.describe(each, context) for each in operations.flatten(container)
                    ]
        except Exception as error:
            database.comparison_failure = describe(error, "comparison")

    def _finished(self, error):
        return [self._describe(number, database, error) for number, database in enumerate(self._databases)]

    def _describe(self, number, database, error):
        options, live = database.options, self.connections.lives[database.live]
        failure = database.failure
        if failure is not None:
            failure = dict(failure, **_failed_statement(error))
        return {
            "number": number,
            "name": database.name,
            "dialect": live.dialect.name,
            "driver": live.dialect.driver,
            "address": live.address,
            "live": database.live,
            "shadow": database.shadow,
            "heads": database.heads,
            "version_table": database.context.version_table,
            "version_table_schema": database.version_schema,
            "include_schemas": bool(options.get("include_schemas")),
            "filtered": bool(options.get("include_name") or options.get("include_object")),
            "has_metadata": bool(database.metadatas),
            "metadata_tables": sum(len(metadata.tables) for metadata in database.metadatas),
            "operations": database.operations,
            "failure": failure,
            "comparison_failure": database.comparison_failure,
        }

    def build_models(self, number, url, statements):
        """Create every table of a database's metadata on the shadow at ``url``, after ``statements``."""
        database = self._databases[number]
        engine = self.sessions.engine(url)

        def build():
            with engine.begin() as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement)
                for metadata in database.metadatas:
                    metadata.create_all(connection)

        self.sessions.run(engine, build)

    def schemas(self, number):
        """The schemas that a database's metadata names, sorted."""
        return sorted(
            {
                table.schema
                for each in self._databases[number].metadatas
                for table in each.tables.values()
                if table.schema
            }
        )

    def sources(self, number, root):
        """Where the project's source declares a database's tables."""
        return sources.describe(self._databases[number].metadatas, root)

    def keep(self, number, objects):
        """For each (type, name, schema, table): whether env.py's include_name and include_object let it through."""
        database = self._databases[number]
        return Filters(database.options, database.metadatas).keep(objects)

    def reach(self, url, dialect="", driver=""):
        """A live address by URL, which has to be of this dialect, if one is given; ``driver``: if it names none."""
        parsed = make_url(url)
        if not dialect:
            parsed = _with_a_driver(parsed)
        elif parsed.get_backend_name() != dialect:
            raise Failure(
                "usage", "env.py configures {}, but the live URL is {}".format(dialect, parsed.get_backend_name())
            )
        if "+" not in parsed.drivername:
            parsed = parsed.set(drivername="{}+{}".format(dialect, driver))
        dialect = create_engine(parsed).dialect
        live = Live(dialect, *dialect.create_connect_args(parsed))
        return {"live": self.connections.add(live), "address": live.address, "dialect": dialect.name}

    def stamp(self, session, table, schema):
        """The revisions in a version table, sorted; None where there is no such table."""

        def read(connection):
            if connection.dialect.name == "postgresql" and not schema:
                _refuse_without_schema(connection)
            if not inspect(connection).has_table(table, schema=schema or None):
                return None
            versions = Table(table, MetaData(), Column("version_num", String), schema=schema or None)
            return sorted(row[0] for row in connection.execute(select(versions.c.version_num)))

        return self.sessions.with_connection(session, read)

    def _ask_for_shadow(self, number, scratch):
        live = self.connections.lives[number]
        url = self._wire.ask(
            "shadow",
            dialect=live.dialect.name,
            driver=live.dialect.driver,
            live=number,
            address=live.address,
            version=self._live_version(number) if self._probe_live else "",
            purpose=SCRATCH if scratch else self._purpose,
        )
        if not scratch and self._wire.ask("transcribes", live=number):
            self.connections.transcripts.begin(url)
        if self._begins_on:
            engine = self.sessions.engine(url)
            self.sessions.run(engine, lambda: beginning.make(engine, self._begins_on))
        return url

    def _live_version(self, number):
        """The live server's version, "" where it does not answer: a shadow of the same version is the best one."""
        statement = VERSION_STATEMENTS.get(self.connections.lives[number].dialect.name)
        if statement is None:
            return ""
        try:
            return self.sessions.execute("@{}".format(number), [statement])[0][0]
        except Exception:  # whatever hinders it will be told when live is read
            return ""


def _with_a_driver(url):
    """The URL with the first driver for it that is installed, if it names none."""
    if "+" in url.drivername:
        return url
    missing = None
    for driver in DRIVERS.get(url.get_backend_name(), (url.get_driver_name(),)):
        named = url.set(drivername="{}+{}".format(url.drivername, driver))
        try:
            create_engine(named)
        except ImportError as error:
            missing = missing or error
        else:
            return named
    raise missing


def _version_schema(context):
    """Where the version table is: as env.py says, or in the schema that it put first in the search_path."""
    if context.version_table_schema or context.dialect.name != "postgresql" or context.connection is None:
        return context.version_table_schema or ""
    schema = context.connection.exec_driver_sql("SELECT current_schema()").scalar()
    return "" if schema == "public" else schema or ""


def _refuse_without_schema(connection):
    """What a role may not look into seems empty to it."""
    if connection.exec_driver_sql("SELECT current_schema()").scalar() is None:
        path = connection.exec_driver_sql("SHOW search_path").scalar()
        raise Failure("live", "permission denied for every schema of its search_path ({})".format(path))


def _configuration(path, section, script_location):
    """Alembic's configuration as its command makes it in this folder."""
    ini, toml = ("alembic.ini", path) if path.endswith(".toml") else (path, "pyproject.toml")
    options = {"ini_section": section}
    if os.path.exists(toml) and "toml_file" in inspect_signature(Config).parameters:
        options["toml_file"] = toml
    config = Config(ini if os.path.exists(ini) else None, **options)
    config.set_main_option("script_location", script_location.replace("%", "%%"))
    return config


def _add_options(config, x):
    if config.cmd_opts is None:
        config.cmd_opts = argparse.Namespace()
    options = {"autogenerate": True, "x": list(x), "cmd": (command.upgrade, ["revision"], ["sql", "tag"])}
    for name, value in options.items():
        if not getattr(config.cmd_opts, name, None):
            setattr(config.cmd_opts, name, value)


def _failed_statement(error):
    if error is None:
        return {
            "statement": "",
            "message": "env.py stopped before the migrations were through",
            "details": [],
        }
    described = describe(error, "upgrade")
    origin = getattr(error, "orig", None)
    message = (
        "{}: {}".format(type(origin).__name__, str(origin).strip().splitlines()[0]) if origin else described["message"]
    )
    statement = getattr(error, "statement", None) or ""
    return {"statement": statement.strip(), "message": message, "details": described["details"]}
