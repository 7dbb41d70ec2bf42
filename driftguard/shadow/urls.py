"""SQLAlchemy URLs of shadows; SQLAlchemy itself is imported only for one that a user wrote."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from urllib.parse import quote, urlencode

from driftguard.shadow.errors import NoShadow
from driftguard.shadow.request import Request


def drivername(request: Request) -> str:
    """``dialect+driver``, or the dialect alone where the driver is not known."""
    return f"{request.dialect}+{request.driver}" if request.driver else request.dialect


def local_url(request: Request, *, user: str = "", database: str = "", query: Mapping[str, str] | None = None) -> str:
    """The URL of a database on this machine that needs no host and no password.

    https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls
    """
    account = f"{quote(user, safe='')}@" if user else ""
    options = f"?{urlencode(query)}" if query else ""
    return f"{drivername(request)}://{account}/{database}{options}"


def url_of_setting(request: Request, backends: Collection[str], hint: str) -> Callable[[str | None], str]:
    """The URL that the setting ``shadow`` names: given None as it is, given a name with that database instead.

    Without a driver in it the project's own is taken. Raises ``NoShadow`` if it is no URL of one of the ``backends``.
    """
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(request.setting)
    except ArgumentError:
        example = f'such as shadow = "{request.dialect}://host/name"'
        raise NoShadow("the setting shadow is not a URL", example) from None
    backend = url.get_backend_name()
    if backend not in backends:
        raise NoShadow(f"the setting shadow names a {backend} database for a project on {request.dialect}", hint)
    full = url if "+" in url.drivername else url.set(drivername=drivername(request))

    def text(database: str | None) -> str:
        return (full if database is None else full.set(database=database)).render_as_string(hide_password=False)

    return text
