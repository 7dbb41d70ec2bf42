"""What a program would put into a config before it uses it: the URL in a templated alembic.ini."""

from sqlalchemy import exc
from sqlalchemy.engine import make_url


def with_url(config, url):
    """``config`` with ``url`` where its ``sqlalchemy.url`` is there but is none, such as ``{db_url}`` or ``""``."""
    written = config.get_main_option("sqlalchemy.url")
    if written is not None and not _is_url(written):
        config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def _is_url(text):
    try:
        make_url(text)
    except exc.ArgumentError:
        return False
    return True
