"""One set of findings, with the files they point to, for all renderers."""

from __future__ import annotations

from dataclasses import replace

from driftguard.findings import Finding, Place, Severity, Side
from driftguard.graph import Graph, Known, Revision
from driftguard.verdict import History, Verdict, judge

FILES: dict[str, tuple[str, ...]] = {
    "app/models.py": (
        "class Student(db.Model):",
        "    id = db.Column(db.Integer, primary_key=True)",
        "    age = db.Column(db.Integer)  # asked for in March",
        '\tname = db.Column(db.String(50), comment="姓名")',
        f"    blob = {'x' * 300!r}",
        "",
    ),
}

FINDINGS: tuple[Finding, ...] = (
    Finding(
        code="DG301",
        side=Side.LIVE,
        subject="students.last_name",
        message="students.last_name is in the head revision but not in the live database",
        help="somebody dropped it by hand; put it back",
        commands=("ALTER TABLE students ADD COLUMN last_name VARCHAR(50);",),
        environment="school",
        database="main",
    ),
    Finding(
        code="DG201",
        side=Side.MODELS,
        subject="students.age",
        message="students.age is in the models but in no revision",
        place=Place("app/models.py", 3),
        help="write the revision that adds it",
        commands=("alembic revision --autogenerate -m 'add students.age'", "alembic upgrade head"),
        environment="school",
    ),
    Finding(
        code="DG203",
        side=Side.MODELS,
        subject="students.name",
        message="students.name has another collation in the models than after the revisions",
        place=Place("app/models.py", 4),
        environment="school",
    ),
    Finding(
        code="DG203",
        side=Side.MODELS,
        subject="students.blob",
        message="students.blob has another default in the models than after the revisions",
        place=Place("app/models.py", 5),
        environment="school",
    ),
    Finding(
        code="DG201",
        side=Side.MODELS,
        subject='evil"; \x1b[2J\u202etable\nerror[DG101]',
        message='evil"; \x1b[2J\u202etable\nerror[DG101] is in the models but in no revision',
        place=Place("app/ev\x07il.py", 1),
        commands=('DROP TABLE "evil""; \x1b[2J";',),
        environment="hostile",
    ),
    Finding(
        code="DG301",
        side=Side.LIVE,
        subject="report",
        message="the view report differs from what the revisions build",
        help="put it back",
        commands=("CREATE OR REPLACE VIEW report AS\n SELECT id\n   FROM students;",),
        environment="school",
        database="main",
    ),
    Finding(
        code="DG901",
        side=Side.SETUP,
        subject="billing",
        message="env.py of billing raised OperationalError",
        place=Place("billing/env.py"),
        details=(
            'File "billing/env.py", line 12, in run_migrations_online',
            'OperationalError: cannot connect to "postgresql://billing:s3cr3t@db/billing" (password=s3cr3t)',
        ),
        help="see why env.py cannot run",
        environment="billing",
    ),
    Finding(
        code="DG904",
        side=Side.LIVE,
        subject="billing",
        message="the live database of billing does not answer at db:5432",
        environment="billing",
        severity=Severity.NOTE,
    ),
    Finding(
        code="DG101",
        side=Side.GRAPH,
        subject="3fe2a1, 77c0de",
        message="the graph has two heads, 3fe2a1 and 77c0de, since 1975ea",
        place=Place("migrations/versions/gone.py", 9),
        help="merge them",
        commands=("alembic merge heads -m 'merge 3fe2a1 and 77c0de'",),
        environment="school",
    ),
)


def revision(id_: str, *down: str, doc: str) -> Revision:
    """A revision in a file of its own."""
    return Revision(id_, down, (), (), f"migrations/versions/{id_}.py", 9, 10, doc, "migrations/versions")


HISTORIES = (
    History(
        "school",
        Graph(
            (
                revision("1975ea", doc="create the school"),
                revision("3fe2a1", "1975ea", doc="add students.email"),
                revision("77c0de", "1975ea", doc='</title><script>"&amp;\x1b[2J\u202e'),
            )
        ),
        Known("origin/main", frozenset({"1975ea", "3fe2a1"}), (("main", "3fe2a1"),)),
    ),
    History("hostile", Graph()),
)


def source(path: str) -> tuple[str, ...] | None:
    return FILES.get(path)


def verdict() -> Verdict:
    judged = judge(
        FINDINGS,
        looked_at=(Side.MODELS, Side.HEAD, Side.LIVE, Side.GRAPH),
        checked=("school on PostgreSQL 15.8: 12 tables, 7 revisions", "hostile on SQLite 3.45: 1 table, 1 revision"),
        notes=("cannot tell whether extension postgis is the same version: the shadow has none",),
    )
    return replace(judged, histories=HISTORIES)
