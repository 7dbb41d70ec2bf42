"""A Flask application, found and loaded as the ``flask`` command does it."""

import importlib
import os

from .wire import Failure


def load(flask_app, directory):
    """(application, Alembic configuration) of a Flask-Migrate folder; ``flask_app`` is a FLASK_APP value or "".

    Raises Failure("flask") where Flask finds no application or it has no Flask-SQLAlchemy to migrate.
    """
    from flask.cli import NoAppException, ScriptInfo

    _load_dotenv()
    if flask_app:
        os.environ["FLASK_APP"] = flask_app
    try:
        application = ScriptInfo(app_import_path=os.environ.get("FLASK_APP")).load_app()
    except NoAppException as error:
        raise Failure("flask", str(error).strip().splitlines()[0]) from error
    return application, lambda: _configuration(application, directory)


def _load_dotenv():
    from flask.cli import load_dotenv

    try:
        importlib.import_module("dotenv")
    except ImportError:
        return
    load_dotenv()


def _configuration(application, directory):
    if "migrate" not in application.extensions:
        _attach_migrate(application, directory)
    migrate = application.extensions["migrate"]
    migrate = getattr(migrate, "migrate", migrate)
    return migrate.get_config(directory, opts=["autogenerate"])


def _attach_migrate(application, directory):
    """Do what a manager script once did for an application that never calls Migrate() itself."""
    from flask_migrate import Migrate

    extension = application.extensions.get("sqlalchemy")
    if extension is None:
        raise Failure("flask", "the application has neither Flask-Migrate nor Flask-SQLAlchemy set up")
    Migrate(application, getattr(extension, "db", extension), directory=directory)
