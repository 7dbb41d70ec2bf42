"""What a program would put into a config before it uses it: the URL that an ini file leaves open."""

from sqlalchemy import exc
from sqlalchemy.engine import make_url

STAND_IN = "sqlite://"


def with_url(config, url):
    """``config`` with ``url``, if there is one, in place of a ``sqlalchemy.url`` of another kind or none."""
    written = config.get_main_option("sqlalchemy.url")
    if url and written is not None and _kind(written) != _kind(url):
        config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def lacks_url(config):
    """Whether ``sqlalchemy.url`` is there but no URL, such as ``{db_url}`` or nothing at all."""
    written = config.get_main_option("sqlalchemy.url")
    return written is not None and not _kind(written)


def _kind(text):
    """The database that a URL is for, "" if it is none."""
    try:
        return make_url(text).get_backend_name()
    except exc.ArgumentError:
        return ""
