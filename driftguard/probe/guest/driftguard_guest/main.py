"""The guest's entry: serve the host's calls until it hangs up."""

import gc
import os
import platform
import sys


def main():
    """Take the standard streams, then answer ``hello`` before anything of SQLAlchemy is imported."""
    from . import recording
    from .wire import PROTOCOL, Failure, Wire

    import_as_the_project()
    wire = Wire.take_standard_streams()
    recording.begin()

    def hello():
        return {"protocol": PROTOCOL, "python": platform.python_version(), "executable": sys.executable}

    def load(overlay, **settings):
        environment = prepared()
        from . import overlay as overlays
        from . import preloaded

        with recording.quiet():
            overlays.install(overlay["replaced"], overlay["absent"])
        preloaded.forget_shadowed([*settings["sys_path"], settings["folder"]])
        environment.load(**settings)

    def attach(**settings):
        prepared().attach(**settings)

    def prepared():
        try:
            import alembic  # noqa: F401
            import sqlalchemy  # noqa: F401
        except ImportError as error:
            raise Failure("packages", str(error)) from error
        from .environment import Environment
        from .listening import Listeners
        from .writing import Writing

        environment = Environment(wire)
        sessions = environment.sessions
        writing = Writing(sessions)
        wire.calls.update(
            run=environment.run,
            build_models=environment.build_models,
            schemas=environment.schemas,
            sources=environment.sources,
            keep=environment.keep,
            reach=environment.reach,
            stamp=environment.stamp,
            revisions=environment.revisions,
            lacks_migrate=environment.lacks_migrate,
            execute=sessions.execute,
            begin_executing=sessions.begin_executing,
            finish_executing=sessions.finish_executing,
            execute_on_live=sessions.execute_on_live,
            tables=sessions.tables,
            drop_tables=sessions.drop_tables,
            open=sessions.open,
            query=sessions.query,
            reflect=_reflecting(sessions),
            close=sessions.close,
            listen=Listeners(sessions).listen,
            begin_writing=writing.begin,
            attempt=writing.attempt,
            end_writing=writing.end,
            ways=environment.ways,
        )
        return environment

    wire.calls.update(hello=hello, load=load, attach=attach, recorded=recording.recorded, loaded=_loaded)
    wire.serve_one()
    _import_meanwhile()
    wire.serve()


def _import_meanwhile():
    """What ``load`` will import, while the host still finds out what to load; it meets the same errors again."""
    if __package__ + ".preloaded" in sys.modules:
        return
    gc.disable()  # nothing of a library that is being imported is garbage, and looking for it takes a fifth of the time
    try:
        from . import bytecode, environment  # noqa: F401
    except Exception:
        return
    finally:
        if hasattr(gc, "freeze"):  # other interpreters than CPython have none
            gc.freeze()
        gc.enable()
    bytecode.keep()


def import_as_the_project():
    """From neither this file's folder nor the current one, and without leaving bytecode."""
    sys.dont_write_bytecode = True
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[:] = [path for path in sys.path if path not in ("", own)]


def _loaded(names):
    return [name for name in names if name in sys.modules]


def _reflecting(sessions):
    def reflect(session, schemas):
        from .reflect import reflect

        return sessions.with_connection(session, lambda connection: reflect(connection, schemas))

    return reflect
