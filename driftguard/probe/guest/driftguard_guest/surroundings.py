"""What acts on a replay though no revision imports it: options, hooks, the session, versions.

A model file may change without changing what the revisions build, so its contents do not count. What of it can reach
Alembic's directives does: event listeners on SQLAlchemy's own classes, compilers of statements, operations and
implementations of Alembic, functions put in the place of SQLAlchemy's and Alembic's, naming conventions.
"""

import functools
import operator
import os
import sys
import types
from hashlib import sha256

from sqlalchemy import MetaData
from sqlalchemy.event.registry import _EventKey
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from . import imports
from .connections import SCHEMA_IS_DATABASE

OURS = ("sqlalchemy", "alembic", __package__)
"""Packages whose functions are known by their version."""

AUTOGENERATES = ("compare_", "include_", "render_item", "process_revision_directives", "user_module_prefix")
RUNS_OWN = ("fn", "script", "destination_rev", "starting_rev", "tag", "cmd_opts", "purge", "sql", "as_sql")
PLAIN = (type(None), bool, int, float, str, bytes)
PATCHED = ("alembic.", "sqlalchemy.sql.", "sqlalchemy.engine.", "sqlalchemy.dialects.")

VARIABLES = """
SHOW SESSION VARIABLES WHERE Variable_name REGEXP
  '^(alter_|autocommit|big_tables|character_set_(client|connection|filesystem|results|server)|check_constraint_checks'
  '|collation_(connection|server)|column_compression|create_|default_|div_precision|enforce_|explicit_|foreign_key_checks'
  '|group_concat_max|innodb_(compression|default|encrypt|file_|large|strict)|lc_time|lower_case|old|restrict_fk|sql_|storage'
  '|system_versioning|table_encryption|time_zone|transaction_(isolation|read)|tx_|unique_checks)'"""
"""What decides in MariaDB and MySQL what a statement does."""

SESSION = {
    "postgresql": (
        "SELECT name, setting FROM pg_catalog.pg_settings"
        " WHERE source IN ('session', 'user', 'database user', 'configuration file')"
        " AND left(name, 12) <> 'transaction_' ORDER BY name",
        "SELECT current_user, session_user",
        "SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.pg_my_temp_schema()",
        # A value that this transaction has added cannot be used in it, but could in the next one.
        "SELECT count(*) FROM pg_catalog.pg_enum AS value"
        " JOIN pg_catalog.pg_type AS type ON type.oid = value.enumtypid"
        " WHERE CAST(value.xmin AS text) = CAST(pg_catalog.mod(pg_catalog.txid_current(), 4294967296) AS text)"
        " AND value.xmin <> type.xmin",
    ),
    "sqlite": (
        "PRAGMA foreign_keys",
        "PRAGMA defer_foreign_keys",
        "PRAGMA legacy_alter_table",
        "PRAGMA recursive_triggers",
        "PRAGMA ignore_check_constraints",
        "PRAGMA writable_schema",
        "PRAGMA reverse_unordered_selects",
        "SELECT count(*) FROM sqlite_temp_master",
        "SELECT name FROM pragma_database_list WHERE name <> 'temp' ORDER BY name",
    ),
    "mysql": (VARIABLES,),
    "mariadb": (VARIABLES,),
}
"""What a session keeps, which a new one would not have."""

_listeners = {}


def _note_listeners():
    """Who listens to SQLAlchemy from now on."""
    listen = _EventKey.listen

    @functools.wraps(listen)
    def noted(self, *arguments, **named):
        if not _is_ours(self.fn) and _reaches_replays(self.target):
            _listeners[(_name(self.target), self.identifier, id(self.fn))] = self.fn
        return listen(self, *arguments, **named)

    _EventKey.listen = noted


def has_listeners():
    """Whether anybody else listens to what may happen to a connection."""
    return bool(_listeners)


class Surroundings:
    """What surrounds the replay on one database; ``root`` (the project's folder) is left out of texts."""

    def __init__(self, context, config, root, statements, arguments):
        self._context = context
        self._config = config
        self._root = root
        self.statements = statements
        self._arguments = arguments
        self._imports = imports.Imports(root)

    def digest(self):
        """One name for all of it."""
        parts = {
            "versions": _versions(),
            "options": self._options(),
            "arguments": self._plain(self._arguments),
            "connection": self._connection(),
            "config": self._configuration(),
            "statements": self.statements,
            # Each once: env.py may have run before in this process.
            "listeners": sorted({repr((*where[:2], self._described(fn))) for where, fn in _listeners.items()}),
            "compilers": sorted(self._compilers(), key=repr),
            "alembic": sorted(self._alembic(), key=repr),
            "patched": sorted(self._patched(), key=repr),
        }
        return sha256(repr(parts).replace(self._root, "").encode("utf-8", "surrogatepass")).hexdigest()

    def files(self):
        """What of the project was read for that."""
        return {_env_py(self._config), *self._imports.read()}

    def _options(self):
        return [
            (name, self._plain(value))
            for name, value in sorted(self._context.opts.items())
            if not name.startswith(AUTOGENERATES) and name not in RUNS_OWN
        ]

    def _plain(self, value):
        """Text of a value, without addresses in memory."""
        if isinstance(value, PLAIN):
            return repr(value)
        if isinstance(value, MetaData):
            return ["MetaData", value.schema and str(value.schema), self._plain(dict(value.naming_convention))]
        if isinstance(value, dict):
            return sorted(((self._plain(key), self._plain(each)) for key, each in value.items()), key=repr)
        if isinstance(value, (list, tuple, set, frozenset)):
            texts = [self._plain(each) for each in value]
            return texts if isinstance(value, (list, tuple)) else sorted(texts, key=repr)
        return self._described(value)

    def _connection(self):
        connection = self._context.connection
        dialect = connection.dialect
        schema = None if dialect.name in SCHEMA_IS_DATABASE else dialect.default_schema_name
        found = [dialect.name, dialect.driver, schema, dialect.max_identifier_length]
        found.append(self._described(type(dialect)))
        options = dict(connection.get_execution_options())
        isolation = options.pop("isolation_level", None) or connection.default_isolation_level
        found.append([isolation, self._plain(options)])
        for statement in SESSION.get(dialect.name, ()):
            found.append([list(map(str, row)) for row in connection.exec_driver_sql(statement)])
        return found

    def _configuration(self):
        config = self._config
        parser = config.file_config
        sections = {name: sorted(parser.items(name, raw=True)) for name in parser.sections()}
        given = getattr(config, "toml_alembic_config", {})
        attributes = {key: value for key, value in config.attributes.items() if isinstance(value, PLAIN)}
        x = list(getattr(config.cmd_opts, "x", None) or ())
        return [
            sorted(sections.items()),
            self._plain(given),
            self._plain(attributes),
            imports.content(_env_py(config)),
            x,
        ]

    def _compilers(self):
        """``@compiles``: SQLAlchemy keeps them on the classes."""
        for cls in _below(ClauseElement, TypeEngine):
            dispatcher = cls.__dict__.get("_compiler_dispatcher")
            for dialect, fn in dispatcher.specs.items() if dispatcher else ():
                if not _is_ours(fn):
                    yield _name(cls), dialect, self._described(fn)

    def _alembic(self):
        from alembic.ddl.impl import _impls
        from alembic.operations import BatchOperations, Operations

        for dialect, implementation in _impls.items():
            if not _is_ours(implementation):
                yield "implementation", dialect, self._described(implementation)
        for key, fn in Operations._to_impl._registry.items():
            if not _is_ours(fn) or not _is_ours(key[0]):
                yield "operation", _name(key[0]), self._described(key[0]), self._described(fn)
        yield "names", tuple(sorted({*vars(Operations), *vars(BatchOperations)}))

    def _patched(self):
        return [(_name(owner), key, self._described(fn)) for owner, key, fn in patched()]

    def _described(self, thing):
        """Which function, class or object it is, and what it would do."""
        if isinstance(thing, functools.partial):
            return ["partial", self._described(thing.func), self._plain(thing.args), self._plain(thing.keywords)]
        if isinstance(thing, types.MethodType):
            return ["method", _name(type(thing.__self__)), self._described(thing.__func__)]
        if not isinstance(thing, (type, types.FunctionType)):
            statement = getattr(thing, "statement", None)  # of sqlalchemy.DDL
            return ["object", self._described(type(thing)), statement if isinstance(statement, str) else ""]
        file = _file(thing)
        if not imports.is_projects(file):
            return [_name(thing)]
        if isinstance(thing, types.FunctionType) and _stands_alone(thing):
            return [_name(thing), _code(thing.__code__), repr(thing.__defaults__), repr(thing.__kwdefaults__)]
        return [_name(thing), self._imports.digest([file])]


def _env_py(config):
    return os.path.join(config.get_main_option("script_location") or "", "env.py")


def _reaches_replays(target):
    """Whether events of the target can be raised by what revisions run: not those of mapped classes and of tables."""
    if not isinstance(target, type):
        return not isinstance(target, (SchemaItem, MetaData)) and not _name(type(target)).startswith("sqlalchemy.orm.")
    if _is_ours(target):
        return True
    bases = [base.__module__ for base in target.__mro__ if _is_ours(base)]
    return any(not base.startswith(("sqlalchemy.orm", "sqlalchemy.ext")) for base in bases)


def _is_ours(thing):
    if isinstance(thing, types.MethodType):
        thing = thing.__func__
    if not isinstance(thing, (type, types.FunctionType)):
        return False
    return (getattr(thing, "__module__", None) or "").partition(".")[0] in OURS and not imports.is_projects(
        _file(thing)
    )


def patched():
    """Functions of others in SQLAlchemy's and Alembic's modules and classes: owner, name and function."""
    libraries = _library_files
    for owner in _owners():
        for key, member in [*vars(owner).items()]:
            function = _function(member)
            if function is None or function.__code__.co_filename in libraries:
                continue
            if imports.is_projects(function.__code__.co_filename):
                yield owner, key, function
            else:
                libraries.add(function.__code__.co_filename)


def note_libraries():
    """What is in the libraries now is theirs and not looked at again; for a process that has nothing of the project."""
    _noted.clear()
    if next(patched(), None) is None:
        _noted.take([*_owners()])


class _Noted:
    """Modules and classes in which nobody had put anything. They are kept, so that nothing else gets their ids."""

    def __init__(self):
        self.clear()

    def clear(self):
        self._owners = {}
        self._classes = {}
        self._functions, self._codes = [], []

    def take(self, owners):
        for owner in owners:
            self._owners[id(owner)] = (owner, [*vars(owner).values()])
            if isinstance(owner, types.ModuleType):
                self._classes[id(owner)] = [*_classes_of(owner)]
            self._functions += filter(None, map(_function, vars(owner).values()))
        self._codes = [function.__code__ for function in self._functions]

    def is_alive(self):
        """Whether the functions do what they did: they can be changed where they stand."""
        return all(map(operator.is_, map(_code_of, self._functions), self._codes))

    def holds(self, owner):
        """Whether its members are the same objects as then."""
        _, members = self._owners.get(id(owner), (None, None))
        now = vars(owner)
        return members is not None and len(now) == len(members) and all(map(operator.is_, now.values(), members))

    def classes_of(self, module):
        """Those of a module that holds what it held."""
        return self._classes[id(module)]


_noted = _Noted()
_library_files = set()
_code_of = operator.attrgetter("__code__")


def _function(member):
    """What a member of a module or a class runs, if it is written in Python."""
    kind = type(member)
    if kind in (staticmethod, classmethod):
        member = member.__func__
    elif kind is property:
        member = member.fget
    return member if type(member) is types.FunctionType else None


def _owners():
    """The modules and classes in which something may have been put since they were noted."""
    if not _noted.is_alive():
        _noted.clear()
    for name, module in list(sys.modules.items()):
        if name.startswith(PATCHED):
            if _noted.holds(module):
                classes = _noted.classes_of(module)
            else:
                classes = [*_classes_of(module)]
                yield module
            for each in classes:
                if not _noted.holds(each):
                    yield each


def _classes_of(module):
    for each in list(vars(module).values()):
        if isinstance(each, type) and each.__module__ == module.__name__:
            yield each


def _below(*classes):
    found = set(classes)
    left = list(classes)
    while left:
        new = set(left.pop().__subclasses__()) - found
        found |= new
        left.extend(new)
    return found


def _name(thing):
    if isinstance(thing, types.ModuleType):
        return thing.__name__
    if not isinstance(thing, (type, types.FunctionType)):
        thing = type(thing)
    return "{}.{}".format(thing.__module__, thing.__qualname__)


def _file(thing):
    if isinstance(thing, types.FunctionType):
        return thing.__code__.co_filename
    return getattr(sys.modules.get(thing.__module__), "__file__", None) or ""


def _stands_alone(function):
    """Whether its own code says all that it does: nothing else of the project is named in it."""
    if function.__closure__ or not _is_plain(function.__defaults__) or not _is_plain(function.__kwdefaults__):
        return False
    return all(_is_foreign(function, name) for name in _names(function.__code__))


def _is_plain(value):
    if isinstance(value, (tuple, dict)):
        return all(map(_is_plain, (*value, *value.values()) if isinstance(value, dict) else value))
    return isinstance(value, PLAIN)


def _is_foreign(function, name):
    if not name or imports.is_projects(getattr(sys.modules.get(name), "__file__", None) or ""):
        return False  # an import, maybe a relative one
    if name not in function.__globals__:
        return True
    named = function.__globals__[name]
    if isinstance(named, types.ModuleType):
        return not imports.is_projects(getattr(named, "__file__", None) or "")
    return isinstance(named, (type, types.FunctionType)) and not imports.is_projects(_file(named))


def _names(code):
    names = set(code.co_names)
    return names.union(*(_names(each) for each in code.co_consts if isinstance(each, types.CodeType)))


def _code(code):
    """What the code does, wherever it stands."""
    constants = [_code(each) if isinstance(each, types.CodeType) else _constant(each) for each in code.co_consts]
    return [code.co_code.hex(), code.co_names, code.co_varnames, code.co_freevars, code.co_flags, constants]


def _constant(value):
    return repr(sorted(map(repr, value)) if isinstance(value, frozenset) else value)


def _versions():
    """The interpreter, SQLite, and all that is installed."""
    import sqlite3

    installed = set()
    for folder in sys.path:
        if isinstance(folder, str) and os.path.isdir(folder):
            for name in os.listdir(folder):
                if name.endswith((".dist-info", ".egg-info")):
                    installed.add((name, imports.content(os.path.join(folder, name, "direct_url.json"))))
    return [sys.version, sqlite3.sqlite_version, sorted(installed)]


_note_listeners()  # when this is imported, as libraries may be loaded long before the project
