"""Which revisions are not loaded again once a snapshot holds what they build, and that nobody can tell."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from snapshots.chains import CHAINS, SETTLED, Looked, Project
from snapshots.conftest import Make

from driftguard import engine

GUEST = Path(__file__).parents[2] / "driftguard/probe/guest"
FIRST = "migrations/versions/000000000001_step.py"
TELLS = """
        import sys
        print("loaded:", *(each.revision for each in context.script.walk_revisions()
            if "module" in vars(each) or vars(each).get("_loaded")), file=sys.stderr, flush=True)
"""
ID = '\nrevision = "'
TIP = "op.add_column('students', sa.Column('email', sa.String(80)))"


def loaded(project: Project) -> set[str]:
    """The revision files that were loaded in one check, as env.py finds them in the end."""
    if "# after" in (project.root / "migrations/env.py").read_text():
        project.replace("migrations/env.py", "# after", TELLS)
        time.sleep(SETTLED)
    request = engine.Request(root=project.root, settings=project.settings, live="off")
    with engine.examine(request, environ=project.environ) as examination:
        log = examination._environments[0].probe._guest._log.fileno()
        [*_, told] = os.pread(log, 1 << 20, 0).decode().split("loaded:")
    return {path for path in project.files if Path(path).stem.removesuffix("_step") in told.split()}


@pytest.mark.parametrize("dialect", sorted(CHAINS))
def test_only_new_revisions_are_loaded(dialect: str, make: Make) -> None:
    project = make(dialect)
    assert loaded(project) == set(project.files)
    assert loaded(project) == set()
    project.add(TIP)
    assert loaded(project) == {project.files[-1]}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("print('hello')", id="it calls something"),
        pytest.param("import models", id="it imports something of the project"),
        pytest.param("import flask", id="it imports a library that is not loaded"),
        pytest.param("import sys; sys.modules", id="it may reach anything"),
        pytest.param("@print\ndef f(): pass", id="it decorates a function"),
        pytest.param("def f(x=print()): pass", id="it computes a default"),
        pytest.param("class A(metaclass=type): pass", id="it makes a class in a way of its own"),
        pytest.param("sa.MetaData.x = 1", id="it changes something of others"),
        pytest.param("for x in (): pass", id="it loops"),
    ],
)
def test_what_may_do_something_is_loaded(line: str, make: Make) -> None:
    project = make(count=2)
    project.replace(FIRST, ID, f"\n{line}\n{ID}")
    loaded(project)
    assert loaded(project) == set(project.files)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("students = sa.table('students', sa.column('id'))", id="a table that is no model"),
        pytest.param("from sqlalchemy.dialects import mysql", id="a part of SQLAlchemy that nobody has loaded"),
        pytest.param("import enum\n\nclass Mood(enum.Enum):\n    GOOD = 'good'", id="a class of a standard kind"),
        pytest.param("down: 'str | None' = None\nNAMES = ['a', {'b': 1}, (2, -3)]", id="values"),
        pytest.param("if True:\n    x = 1\nelse:\n    import os", id="a choice"),
    ],
)
def test_what_only_defines_is_not_loaded(line: str, make: Make) -> None:
    project = make(count=2)
    project.replace(FIRST, ID, f"\n{line}\n{ID}")
    loaded(project)
    assert loaded(project) == set()


def test_a_table_that_a_revision_adds_to_the_models_is_seen_as_before(make: Make) -> None:
    project = make(count=2)
    project.replace(FIRST, ID, f"\nimport models\nsa.Table('extra', models.Base.metadata)\n{ID}")
    first, second = codes(project), codes(project)
    assert first == second
    assert ("DG201", "extra") in first


def codes(project: Project) -> set[tuple[str, str]]:
    time.sleep(SETTLED)
    verdict = engine.check(
        engine.Request(root=project.root, settings=project.settings, live="off"), environ=project.environ
    )
    return {(judged.finding.code, judged.finding.subject) for judged in verdict.findings}


def test_branches_keep_their_order(make: Make, look: Callable[[Project], Looked]) -> None:
    project = make(count=2)
    project.add("pass", "pass")
    project.replace(project.files[3], "down_revision = '000000000003'", "down_revision = '000000000002'")
    project.add("pass")
    project.replace(
        project.files[4], "down_revision = '000000000004'", "down_revision = ('000000000003', '000000000004')"
    )
    assert not look(project).went_on
    project.add(TIP)
    found = look(project)
    assert found.went_on
    project.forget()
    assert look(project).head == found.head


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", True),
        ('"""A text."""\nx = 1\n', True),
        ("x = sa.Column()\n", False),
        ("import sqlalchemy as sa\nx = sa.Column()\n", True),
        ("from sqlalchemy import Column\nx = Column()\n", True),
        ("import sqlalchemy as sa\nx = sa.create_engine('').connect()\n", False),
        ("from alembic import op\nop.execute('x')\n", False),
        ("x = [y() for y in z]\n", False),
        ("class A:\n    x = f()\n", False),
        ("class A(f()): pass\n", False),
        ("def f() -> g(): pass\n", False),
        ("def f(): g()\n", True),
        ("x: f() = 1\n", False),
        ("try:\n    import x\nexcept ImportError:\n    pass\n", False),
        ("del x\n", False),
        ("x.y = 1\n", False),
        ("(", False),
    ],
)
def test_what_only_defines(source: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(GUEST))
    try:
        from driftguard_guest.revisions import only_defines

        assert only_defines(source) == expected
    finally:
        for name in [name for name in sys.modules if name.startswith("driftguard_guest")]:
            del sys.modules[name]


def test_heads_of_which_one_depends_on_the_other_are_compared_as_before(make: Make) -> None:
    project = make(count=2)
    project.add("pass", "pass")
    project.replace(project.files[3], "down_revision = '000000000003'", "down_revision = '000000000002'")
    project.replace(project.files[3], ID, f"\ndepends_on = '000000000003'\n{ID}")
    first, second = codes(project), codes(project)
    assert first == second


BUILT = """
        import sys
        print("built:", "_revision_map" in vars(context.script.revision_map), file=sys.stderr, flush=True)
"""


def test_alembic_walks_the_history_only_for_new_revisions(make: Make) -> None:
    project = make()
    project.replace("migrations/env.py", "# after", BUILT)
    time.sleep(SETTLED)

    def built() -> bool:
        request = engine.Request(root=project.root, settings=project.settings, live="off")
        with engine.examine(request, environ=project.environ) as examination:
            log = examination._environments[0].probe._guest._log.fileno()
            [*_, told] = os.pread(log, 1 << 20, 0).decode().split("built:")
        return told.split()[0] == "True"

    assert built()
    assert not built()
    project.add(TIP)
    assert built()
