"""How a live database can be reached again without env.py: by the URL in a variable or in the ini file."""

import re

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from . import recording, surroundings
from .connections import OWN, Live

INI = ""
"""In place of a variable's name."""

SECRET = re.compile(r"pass|pwd|secret|token|key|cert|cred|auth", re.I)
PLAIN = (type(None), bool, int, float, str)


def found(live, variables, ini_url):
    """Where the URL stands that leads to the very same connection, and what connect() is given besides.

    None if it stands nowhere: nothing of it is copied, as it may hold a password. ``variables`` are those that this
    process began with; only what the project has read of them counts.
    """
    if live.is_made or _is_intercepted(live.dialect):
        return None
    read = recording.variables()
    read = variables if recording.ALL in read else read.intersection(variables)
    for name, url in [(INI, ini_url), *((name, variables[name]) for name in sorted(read))]:
        more = _more(live, url) if "://" in url else None
        if more is not None:
            return {"variable": name, "dialect": live.dialect.name, "driver": _driver(live.dialect), "more": more}
    return None


def go(way, variables, ini_url):
    """The live address."""
    url = make_url(ini_url if way["variable"] == INI else variables[way["variable"]])
    url = url.set(drivername="{}+{}".format(way["dialect"], way["driver"]))
    dialect = create_engine(url).dialect
    arguments, parameters = dialect.create_connect_args(url)
    return Live(dialect, arguments, dict(parameters, **way["more"]))


def _more(live, text):
    """What connect() is given besides the URL's own arguments; None if it is another URL, or this holds a secret."""
    try:
        url = make_url(text).set(drivername="{}+{}".format(live.dialect.name, _driver(live.dialect)))
        arguments, parameters = live.dialect.create_connect_args(url)  # by its own: they may hold objects of it
    except Exception:  # it was meant for something else
        return None
    more = {key: value for key, value in live.parameters.items() if key not in parameters}
    same = list(arguments) == live.arguments and all(live.parameters.get(key) == parameters[key] for key in parameters)
    plain = all(isinstance(value, PLAIN) and not SECRET.search(key) for key, value in more.items())
    return more if same and plain else None


def _driver(dialect):
    is_async = dialect.driver == "psycopg" and getattr(dialect, "is_async", False)
    return "psycopg_async" if is_async else dialect.driver


def _is_intercepted(dialect):
    """Whether something of the project may act on its connections, which would be missing without it."""
    if any(not getattr(listener, OWN, False) for listener in dialect.dispatch.do_connect):
        return True
    return surroundings.has_listeners() or any(True for _ in surroundings.patched())
