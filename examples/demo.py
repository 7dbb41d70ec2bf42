"""The dropped-column story, on SQLite and on PostgreSQL: one column lacks a revision, one was dropped by hand."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import create_engine, make_url

from driftguard.cache import cache_folder
from driftguard.errors import DriftguardError
from driftguard.shadow import Request, open_shadows

EXAMPLE = Path(__file__).parent / "dropped-column"
DROP = "ALTER TABLE students DROP COLUMN last_name"
COLUMN = "    last_name = db.Column(db.String(50))\n"
ADDED = "    age = db.Column(db.Integer)\n"


def main(arguments: Sequence[str] = ()) -> int:
    """Exit code 0 if driftguard told the two apart on both databases; the argument "sqlite" leaves one out."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="driftguard-demo-")))
        told = [story("SQLite", folder / "sqlite", f"sqlite:///{folder / 'school.db'}")]
        if "sqlite" in arguments:
            return 0 if all(told) else 1
        try:
            server = stack.enter_context(
                open_shadows(Request("postgresql", "psycopg"), execute, cache_folder=cache_folder())
            )
        except DriftguardError as error:
            print(f"\nPostgreSQL is left out: {error.message}")
        else:
            told.append(story("PostgreSQL", folder / "postgresql", server.create()))
    return 0 if all(told) else 1


def story(server: str, folder: Path, url: str) -> bool:
    """Migrate, drop a column by hand, add another to the model, and ask driftguard."""
    title = f"The dropped column, on {server}"
    print(f"\n{title}\n{'=' * len(title)}", flush=True)
    shutil.copytree(EXAMPLE, folder)
    environ = {**os.environ, "SCHOOL_DATABASE": url, "DRIFTGUARD_SKIP": "", "VIRTUAL_ENV": sys.prefix}
    say("flask db upgrade")
    run([sys.executable, "-m", "flask", "db", "upgrade"], folder, environ, quiet=True)
    say(f"{DROP};   -- by hand")
    execute(url, (DROP,))
    say("app.py: class Student gains  age = db.Column(db.Integer)")
    application = folder / "app.py"
    application.write_text(application.read_text().replace(COLUMN, COLUMN + ADDED))
    say("driftguard check")
    answer = run([sys.executable, "-m", "driftguard", "check"], folder, environ)
    return answer == 1


def execute(url: str, statements: Sequence[str]) -> list[list[str | None]]:
    """Run statements in autocommit mode; the last one's rows."""
    engine = create_engine(make_url(url), isolation_level="AUTOCOMMIT")
    rows: list[list[str | None]] = []
    with engine.connect() as connection:
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            rows = (
                [[None if value is None else str(value) for value in row] for row in result]
                if result.returns_rows
                else []
            )
    engine.dispose()
    return rows


def say(command: str) -> None:
    print(f"\n$ {command}", flush=True)


def run(command: Sequence[str], folder: Path, environ: dict[str, str], *, quiet: bool = False) -> int:
    """The exit code; a quiet command is heard only when it fails."""
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=quiet, text=True, check=False)
    if quiet and done.returncode:
        print(done.stdout, done.stderr)
        raise SystemExit(f"{' '.join(command)} failed")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
