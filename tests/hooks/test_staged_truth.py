"""What `check --staged` takes for the truth: the index, whatever lies in the folder."""

from __future__ import annotations

import compileall
import os
import py_compile
import shutil
from pathlib import Path

import pytest
from chosen import chosen
from guarded import Guarded
from hooked import COLOUR, HEAD, LAST_LINES, Step, add_revision, column, plain, revision, uv

LACKS = ("DG201", "shelves.colour")
UNSTAGED = ("DG115", COLOUR)
PACKAGE = "shop/models"
PYPROJECT = """
[tool.alembic]
script_location = "%(here)s/{location}"
prepend_sys_path = ["."]
"""


@pytest.fixture
def project(tmp_path: Path) -> Guarded:
    project = plain(tmp_path / "ein Laden, größer")
    project.write("driftguard.toml", 'live = "off"\n')
    project.commit("live does not matter here")
    return project


def told(project: Guarded) -> set[tuple[str, str]]:
    return project.check("--staged").told


def staged_column(project: Guarded) -> None:
    column(project)
    project.git("add", "models.py")


def staged_both(project: Guarded) -> None:
    column(project)
    revision(project)
    project.git("add", "--all")


def committed_both(project: Guarded) -> None:
    column(project)
    revision(project)
    project.commit("both")


def back_to_head(project: Guarded) -> None:
    """The folder as it was committed, the index as it is."""
    project.write("models.py", project.git("show", "HEAD:models.py"))


def in_package(project: Guarded) -> None:
    """The models in a package of a package."""
    project.write("shop/__init__.py", "")
    project.write(f"{PACKAGE}/__init__.py", "from .base import Base\nfrom .shelf import Item, Shelf\n")
    text = (project.root / "models.py").read_text().replace("Base = declarative_base()\n", "from .base import Base\n")
    project.write(f"{PACKAGE}/shelf.py", text)
    project.write(f"{PACKAGE}/base.py", "from sqlalchemy.orm import declarative_base\n\nBase = declarative_base()\n")
    (project.root / "models.py").unlink()
    project.replace("migrations/env.py", "from models import", "from shop.models import")
    project.git("add", "--all")


def gone(*paths: str) -> Step:
    def step(project: Guarded) -> None:
        for path in paths:
            target = project.root / path
            shutil.rmtree(target) if target.is_dir() else target.unlink()

    return step


def intend_to_add(project: Guarded) -> None:
    project.git("add", "--intent-to-add", "migrations")


def unstaged_change_of_the_revision(project: Guarded) -> None:
    project.replace(f"migrations/versions/{COLOUR}_colour.py", '"colour"', '"color"')


def half_staged_revision(project: Guarded) -> None:
    column(project)
    revision(project)
    unstaged_change_of_the_revision(project)
    project.git("add", "--all")
    project.replace(f"migrations/versions/{COLOUR}_colour.py", '"color"', '"colour"')


def moved_without_git(project: Guarded) -> None:
    (project.root / "models.py").rename(project.root / "tables.py")
    project.replace("migrations/env.py", "from models", "from tables")


def moved_with_git(project: Guarded) -> None:
    project.git("mv", "models.py", "tables.py")
    project.replace("migrations/env.py", "from models", "from tables")
    project.git("add", "--all")


def moved_with_git_then_changed(project: Guarded) -> None:
    moved_with_git(project)
    line = LAST_LINES["shelves"]
    project.replace("tables.py", line, f"{line}    colour = Column(String(10))\n")


def renamed_revision(project: Guarded) -> None:
    project.git("mv", f"migrations/versions/{HEAD}_begin.py", "migrations/versions/first.py")


def revision_renamed_without_git(project: Guarded) -> None:
    folder = project.root / "migrations/versions"
    (folder / f"{HEAD}_begin.py").rename(folder / "first.py")


def removed_from_the_index(project: Guarded) -> None:
    project.git("rm", "--quiet", "--cached", f"migrations/versions/{COLOUR}_colour.py")


def spoilt(path: str) -> Step:
    def step(project: Guarded) -> None:
        project.write(path, "no python at all (\n")

    return step


def elsewhere_in_the_folder(project: Guarded) -> None:
    project.replace("alembic.ini", "/migrations", "/nowhere")


def pyproject(project: Guarded) -> None:
    """The staged pyproject.toml is right, the folder's is not."""
    (project.root / "alembic.ini").unlink()
    text = (project.root / "migrations/env.py").read_text()
    start = text.index("section =")
    project.write(
        "migrations/env.py",
        text[:start] + 'section = {"sqlalchemy.url": "sqlite:///shop.db"}\n' + text[text.index("engine = ") :],
    )
    project.write("pyproject.toml", PYPROJECT.format(location="migrations"))
    project.git("add", "--all")
    project.write("pyproject.toml", PYPROJECT.format(location="nowhere"))


def statement_in_a_file(project: Guarded) -> None:
    """The revision reads its SQL from a file, of which the staged text is right."""
    column(project)
    path = add_revision(project, COLOUR, "colour")
    project.replace(
        path,
        'op.add_column("shelves", sa.Column("colour", sa.String(10)))',
        'op.execute((pathlib.Path(__file__).parent / "colour.sql").read_text())',
    )
    project.replace(path, "import sqlalchemy", "import pathlib\n\nimport sqlalchemy")
    project.write("migrations/versions/colour.sql", "ALTER TABLE shelves ADD COLUMN colour VARCHAR(10)")
    project.git("add", "--all")
    project.write("migrations/versions/colour.sql", "SELECT 1")


@pytest.mark.parametrize(
    ("steps", "expected"),
    chosen(
        [
            pytest.param([column, revision], set(), id="nothing of it is staged"),
            pytest.param([staged_column, revision], {LACKS, UNSTAGED}, id="an untracked revision"),
            pytest.param([staged_column, revision, intend_to_add], {LACKS, UNSTAGED}, id="an announced revision"),
            pytest.param(
                [committed_both, removed_from_the_index], {LACKS, UNSTAGED}, id="a revision taken from the index"
            ),
            pytest.param([staged_both, gone(f"migrations/versions/{COLOUR}_colour.py")], set(), id="a revision gone"),
            pytest.param([staged_both, unstaged_change_of_the_revision], set(), id="a revision changed since"),
            pytest.param(
                [half_staged_revision],
                {LACKS, UNSTAGED, ("DG201", "shelves.color"), ("DG202", "shelves.colour")},
                id="a revision mended since",
            ),
            pytest.param(
                [staged_both, spoilt(f"migrations/versions/{COLOUR}_colour.py")], set(), id="a revision spoilt since"
            ),
            pytest.param([renamed_revision], set(), id="a revision renamed"),
            pytest.param([revision_renamed_without_git], set(), id="a revision renamed, not staged"),
            pytest.param([staged_column, back_to_head], {LACKS}, id="models as staged, lacking"),
            pytest.param([staged_both, back_to_head], set(), id="models as staged, complete"),
            pytest.param([spoilt("models.py")], set(), id="models spoilt since"),
            pytest.param([gone("models.py")], set(), id="models gone"),
            pytest.param([staged_column, gone("models.py")], {LACKS}, id="models gone, lacking"),
            pytest.param([moved_without_git], set(), id="models moved, not staged"),
            pytest.param([moved_with_git], set(), id="models moved"),
            pytest.param([moved_with_git_then_changed], set(), id="models moved, then changed"),
            pytest.param([in_package], set(), id="a new package"),
            pytest.param([in_package, gone("shop")], set(), id="a new package, gone from the folder"),
            pytest.param([in_package, gone("shop/__init__.py")], set(), id="the file that makes the package, gone"),
            pytest.param([in_package, gone(f"{PACKAGE}/shelf.py")], set(), id="a module of the package, gone"),
            pytest.param(
                [in_package, spoilt(f"{PACKAGE}/__init__.py")], set(), id="the file that makes the package, spoilt"
            ),
            pytest.param([gone("migrations/env.py")], set(), id="env.py gone"),
            pytest.param([spoilt("migrations/env.py")], set(), id="env.py spoilt"),
            pytest.param([gone("alembic.ini")], set(), id="alembic.ini gone"),
            pytest.param([elsewhere_in_the_folder], set(), id="alembic.ini changed since"),
            pytest.param([pyproject], set(), id="pyproject.toml changed since"),
            pytest.param([statement_in_a_file], set(), id="a file that the revision reads"),
            pytest.param([gone("migrations/versions")], set(), id="all revisions gone"),
            pytest.param([gone("migrations")], set(), id="the whole environment gone"),
        ],
        8,
    ),
)
def test_the_index_is_the_truth(project: Guarded, steps: list[Step], expected: set[tuple[str, str]]) -> None:
    for step in steps:
        step(project)
    checked = project.check("--staged")
    assert checked.told == expected, checked.report


def test_lines_are_those_of_the_staged_file(project: Guarded) -> None:
    staged_column(project)
    project.write("models.py", "# one line\n# and another\n" + (project.root / "models.py").read_text())
    found = project.check("--staged").one("DG201")
    lines = project.git("show", ":models.py").splitlines()
    assert lines[found["place"]["line"] - 1].strip() == "colour = Column(String(10))"


def unchecked(path: Path) -> None:
    """Bytecode that is never compared with its source."""
    compileall.compile_file(path, quiet=2, force=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def by_time(path: Path) -> None:
    """Bytecode that looks as if it were of any source that has this size and this second."""
    compileall.compile_file(path, quiet=2, force=True, invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)


def test_bytecode_of_the_folder_is_not_what_is_staged(project: Guarded) -> None:
    staged_column(project)
    back_to_head(project)
    unchecked(project.root / "models.py")
    assert told(project) == {LACKS}


def test_bytecode_of_the_same_second_may_be_stale(project: Guarded) -> None:
    models = project.root / "models.py"
    staged_column(project)
    by_time(models)
    written = models.stat().st_mtime_ns
    project.replace("models.py", "colour", "weight")
    os.utime(models, ns=(written, written))
    project.git("add", "models.py")
    assert told(project) == {("DG201", "shelves.weight")}


SOURCE_LAYOUT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "shop"
version = "1"
"""


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        pytest.param(lambda project: None, {LACKS}, id="as in the folder"),
        pytest.param(spoilt("src/shop/models/shelf.py"), {LACKS}, id="spoilt since"),
        pytest.param(gone("src/shop/models/shelf.py"), {LACKS}, id="gone from the folder"),
        pytest.param(gone("src/shop/models"), {LACKS}, id="the package gone from the folder"),
    ],
)
def test_an_editable_install(
    project: Guarded, packages: Path, run_folder: Path, step: Step, expected: set[tuple[str, str]]
) -> None:
    in_package(project)
    project.git("commit", "--quiet", "-m", "a package")
    (project.root / "src").mkdir()
    project.git("mv", "shop", "src/shop")
    project.replace("alembic.ini", "prepend_sys_path = .\n", "")
    project.write("pyproject.toml", SOURCE_LAYOUT)
    project.write(".gitignore", ".venv/\n*.egg-info/\n__pycache__/\n")
    project.git("add", "--all")
    shutil.copytree(packages, project.root / ".venv", symlinks=True)
    uv("pip", "install", "--python", str(project.root / ".venv"), "--editable", str(project.root),
       cache=run_folder / "uv")  # fmt: skip
    line = LAST_LINES["shelves"]
    project.replace("src/shop/models/shelf.py", line, f"{line}    colour = Column(String(10))\n")
    project.git("add", "--all")
    step(project)
    assert told(project) == expected
