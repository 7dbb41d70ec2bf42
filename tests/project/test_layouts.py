"""Layouts written by hand: what is found, and that Alembic, run in the folder that was found, says the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from layouts import ENV_PY, alembic_folder, as_answer, ask_alembic, environment, write

from driftguard.config import Settings
from driftguard.git import WorkingTree
from driftguard.project import Environment, discover, explain_nothing_found, survey


def ini(*lines: str) -> str:
    return "\n".join(("[alembic]", *lines, "sqlalchemy.url = driver://user:p%%40ss@localhost/db", ""))


TWO = {**alembic_folder("db"), "x/one/a_1.py": "", "y/two/b_2.py": ""}
IN_TWO = ("x/one", "y/two")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"alembic.ini": ini("script_location = db"), **alembic_folder("db")},
            (environment("db", "db"),),
            id="a relative script location, no prepend_sys_path",
        ),
        pytest.param(
            {
                "alembic.ini": ini("script_location = app:db", "prepend_sys_path = .", "path_separator = os"),
                "app/__init__.py": "",
                **alembic_folder("app/db"),
            },
            (environment("db", "app/db", sys_path=(".",)),),
            id="package:folder in the root",
        ),
        pytest.param(
            {
                "alembic.ini": ini("script_location = app.store:db:scripts", "prepend_sys_path = src"),
                "src/app/__init__.py": "",
                "src/app/store/__init__.py": "",
                **alembic_folder("src/app/store/db/scripts"),
            },
            (environment("scripts", "src/app/store/db/scripts", sys_path=("src",)),),
            id="package:folder:folder below src",
        ),
        pytest.param(
            {"alembic.ini": ini("script_location = db", "version_locations = x/one y/two"), **TWO},
            (environment("db", "db", version_locations=IN_TWO),),
            id="version locations separated by a space, nothing said",
        ),
        pytest.param(
            {"alembic.ini": ini("script_location = db", "version_locations = x/one, y/two"), **TWO},
            (environment("db", "db", version_locations=IN_TWO),),
            id="version locations separated by a comma, nothing said",
        ),
        pytest.param(
            {
                "alembic.ini": ini("script_location = db", "version_locations = x/one:y/two", "path_separator = os"),
                **TWO,
            },
            (environment("db", "db", version_locations=IN_TWO),),
            id="version locations with os",
        ),
        pytest.param(
            {"alembic.ini": ini("script_location = db", "version_locations=x/one;y/two", "path_separator = ;"), **TWO},
            (environment("db", "db", version_locations=IN_TWO),),
            id="version locations with a semicolon",
        ),
        pytest.param(
            {"alembic.ini": ini("script_location = db", "version_locations=x/one:y/two", "path_separator = :"), **TWO},
            (environment("db", "db", version_locations=IN_TWO),),
            id="version locations with a colon",
        ),
        pytest.param(
            {
                "alembic.ini": ini("script_location = db", "version_locations=x/one y/two", "path_separator = space"),
                **TWO,
            },
            (environment("db", "db", version_locations=IN_TWO),),
            id="version locations with space",
        ),
        pytest.param(
            {
                "alembic.ini": ini(
                    "script_location = db", "version_locations =\n  x/one\n  y/two", "path_separator = newline"
                ),
                **TWO,
            },
            (environment("db", "db", version_locations=IN_TWO),),
            id="version locations with newline",
        ),
        pytest.param(
            {
                "alembic.ini": ini(
                    "script_location = db", "version_locations = x/one:y/two", "version_path_separator = os"
                ),
                **TWO,
            },
            (environment("db", "db", version_locations=IN_TWO),),
            id="version locations with the old version_path_separator",
        ),
        pytest.param(
            {
                "alembic.ini": ini(
                    "script_location = db", "prepend_sys_path = .", "version_path_separator = os  # Use os.pathsep."
                ),
                **alembic_folder("db"),
            },
            (environment("db", "db", sys_path=(".",)),),
            id="the comment that older templates wrote behind a separator, where no list needs it",
        ),
        pytest.param(
            {
                "alembic.ini": ini(
                    "base = %(here)s/x",
                    "script_location = %(here)s/db",
                    "version_locations = %(base)s/one:%(here)s/y/two:%(here)s/db/versions",
                    "path_separator = os",
                    "recursive_version_locations = true",
                ),
                **TWO,
            },
            (environment("db", "db", version_locations=(*IN_TWO, "db/versions"), recursive=True),),
            id="here, a key of the user's own, and recursive",
        ),
        pytest.param(
            {
                "alembic.ini": "[DEFAULT]\nprepend_sys_path = .\n[first]\nscript_location = db/first\n"
                "[second]\nscript_location = db/second\n[loggers]\nkeys = root\n",
                **alembic_folder("db/first"),
                **alembic_folder("db/second"),
            },
            (
                environment("first", "db/first", section="first", sys_path=(".",)),
                environment("second", "db/second", section="second", sys_path=(".",)),
            ),
            id="named sections",
        ),
        pytest.param(
            {
                "alembic.ini": "[DEFAULT]\nscript_location = db\n[users]\nversion_locations = db/users\n"
                "[orders]\nversion_locations = db/orders\n[loggers]\nkeys = root\n",
                "db/env.py": ENV_PY,
                "db/users/a.py": "",
                "db/orders/a.py": "",
            },
            (
                environment("orders", "db", section="orders", version_locations=("db/orders",)),
                environment("users", "db", section="users", version_locations=("db/users",)),
            ),
            id="sections that share their scripts and have revisions of their own",
        ),
        pytest.param(
            {
                "development.ini": ini("script_location = db"),
                "production.ini": ini("script_location = db"),
                **alembic_folder("db"),
            },
            (environment("db", "db", config="development.ini"),),
            id="two ini files for the same scripts",
        ),
        pytest.param(
            {
                "pyproject.toml": '[tool.alembic]\nscript_location = "%(here)s/db"\n'
                'version_locations = ["x/one", "%(here)s/y/two"]\nprepend_sys_path = [".", "src"]\n'
                "recursive_version_locations = true\n",
                **TWO,
            },
            (
                environment(
                    "db",
                    "db",
                    config="pyproject.toml",
                    version_locations=IN_TWO,
                    sys_path=(".", "src"),
                    recursive=True,
                ),
            ),
            id="pyproject.toml with lists",
        ),
        pytest.param(
            {
                "alembic.ini": ini("script_location = db"),
                "pyproject.toml": '[tool.alembic]\nversion_locations = ["x/one", "y/two"]\n',
                **TWO,
            },
            (environment("db", "db", version_locations=IN_TWO),),
            id="pyproject.toml adds to the ini file",
        ),
        pytest.param(
            {"conf/alembic.ini": ini("script_location = db", "prepend_sys_path = ."), **alembic_folder("db")},
            (environment("db", "db", config="conf/alembic.ini", sys_path=(".",)),),
            id="an ini file in a sub-folder, run from the root",
        ),
        pytest.param(
            {
                "backend/conf/alembic.ini": ini("script_location = db", "prepend_sys_path = ."),
                **alembic_folder("backend/db"),
            },
            (
                environment(
                    "backend",
                    "backend/db",
                    folder="backend",
                    config="backend/conf/alembic.ini",
                    sys_path=("backend",),
                ),
            ),
            id="an ini file two folders down, run from the one between",
        ),
        pytest.param(
            {
                "store/alembic.ini": ini("script_location = %(here)s/db", "prepend_sys_path = ."),
                "store/db/env.py": "from alembic import context\nimport shop.models\n",
                "shop/models.py": "",
            },
            (environment("db", "store/db", config="store/alembic.ini", sys_path=(".",)),),
            id="an ini file in a sub-folder whose env.py imports what stands in the root",
        ),
        pytest.param(
            {
                "services/users/alembic.ini": ini("script_location = alembic", "prepend_sys_path = ."),
                **alembic_folder("services/users/alembic"),
                "services/orders/alembic.ini": ini("script_location = %(here)s/alembic", "prepend_sys_path = ."),
                **alembic_folder("services/orders/alembic"),
                "alembic.ini": ini("script_location = db"),
                **alembic_folder("db"),
            },
            (
                environment("db", "db"),
                environment(
                    "orders",
                    "services/orders/alembic",
                    folder="services/orders",
                    config="services/orders/alembic.ini",
                    sys_path=("services/orders",),
                ),
                environment(
                    "users",
                    "services/users/alembic",
                    folder="services/users",
                    config="services/users/alembic.ini",
                    sys_path=("services/users",),
                ),
            ),
            id="three environments",
        ),
        pytest.param(
            {
                "a/svc/alembic.ini": ini("script_location = db"),
                **alembic_folder("a/svc/db"),
                "b/svc/alembic.ini": ini("script_location = db"),
                **alembic_folder("b/svc/db"),
            },
            (
                environment("a/svc/db", "a/svc/db", folder="a/svc", config="a/svc/alembic.ini"),
                environment("b/svc/db", "b/svc/db", folder="b/svc", config="b/svc/alembic.ini"),
            ),
            id="two folders of one name are told apart by their paths",
        ),
        pytest.param(
            {
                "Grüße an alle/alembic.ini": ini("script_location = %(here)s/日本 db", "path_separator = os"),
                **alembic_folder("Grüße an alle/日本 db"),
            },
            (
                environment(
                    "Grüße an alle",
                    "Grüße an alle/日本 db",
                    folder="Grüße an alle",
                    config="Grüße an alle/alembic.ini",
                ),
            ),
            id="spaces and letters beyond ASCII",
        ),
        pytest.param(
            {"100%/alembic.ini": ini("script_location = db"), **alembic_folder("100%/db")},
            (environment("100%", "100%/db", folder="100%", config="100%/alembic.ini"),),
            id="a percent sign in the folder",
        ),
    ],
)
def test_found_and_agreed_with_alembic(
    tmp_path: Path, files: dict[str, str], expected: tuple[Environment, ...]
) -> None:
    write(tmp_path, files)
    found = discover(WorkingTree(tmp_path), Settings(), {})
    assert found == expected
    assert [ask_alembic(tmp_path, each) for each in found] == [as_answer(each) for each in found]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"pkg/alembic.ini": ini("script_location = {alembic_dir}"), **alembic_folder("pkg/alembic")},
            (environment("pkg", "pkg/alembic", folder="pkg", config="pkg/alembic.ini"),),
            id="an ini file that a program fills in",
        ),
        pytest.param(
            {"pkg/db/alembic.ini": ini("# the program says where"), **alembic_folder("pkg/db")},
            (environment("pkg", "pkg/db", folder="pkg", config="pkg/db/alembic.ini"),),
            id="an ini file beside env.py whose script location a program sets",
        ),
        pytest.param(
            {"alembic.ini": ini("script_location = gone")},
            (
                environment(
                    "gone",
                    "gone",
                    problems=("alembic.ini: script_location gone means the folder gone, and no env.py is there",),
                ),
            ),
            id="a script folder that is not there",
        ),
        pytest.param(
            {"alembic.ini": ini("script_location = other_package:db")},
            (
                environment(
                    "db",
                    "db",
                    problems=("alembic.ini: script_location other_package:db is not in this repository",),
                ),
            ),
            id="a package that is not in the repository",
        ),
        pytest.param(
            {
                "alembic.ini": ini("script_location = db", "version_locations = db/versions /srv/more"),
                **alembic_folder("db"),
            },
            (environment("db", "db", problems=("alembic.ini: version location /srv/more is outside the repository",)),),
            id="a version location outside the repository",
        ),
        pytest.param(
            {
                "alembic.ini": ini(
                    "script_location = db", "version_locations = x/one:y/two", "path_separator = os # !"
                ),
                **TWO,
            },
            (
                environment(
                    "db",
                    "db",
                    version_locations=IN_TWO,
                    problems=("alembic.ini: path_separator 'os # !' is none that Alembic knows",),
                ),
            ),
            id="a separator that Alembic does not know",
        ),
        pytest.param(
            {
                "alembic.ini": ini("script_location = db", "version_locations = %(elsewhere)s/x"),
                **alembic_folder("db"),
            },
            (
                environment(
                    "db",
                    "db",
                    problems=(
                        "[alembic] version_locations = %(elsewhere)s/x: what stands in %(…)s is not in this file",
                    ),
                ),
            ),
            id="a value that only a program can fill in",
        ),
    ],
)
def test_found_where_alembic_itself_gives_up(
    tmp_path: Path, files: dict[str, str], expected: tuple[Environment, ...]
) -> None:
    assert discover(WorkingTree(write(tmp_path, files)), Settings(), {}) == expected


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"README.md": "nothing"}, id="no configuration at all"),
        pytest.param(
            {"tox.ini": "[tox]\nenvlist = py311\n", "setup.cfg": "[metadata]\nname = x\n"}, id="other ini files"
        ),
        pytest.param({"pyproject.toml": '[project]\nname = "x"\n'}, id="a pyproject.toml without Alembic"),
        pytest.param(
            {
                "shop/migrations/0001_initial.py": "from django.db import migrations\n",
                "shop/migrations/__init__.py": "",
            },
            id="migrations of Django",
        ),
        pytest.param(
            {".venv/lib/python3.11/site-packages/x/alembic.ini": ini("script_location = db"), "a.py": ""},
            id="a configuration inside an installed package",
        ),
        pytest.param(
            {"my-env/pyvenv.cfg": "", "my-env/share/x/alembic.ini": ini("script_location = db")},
            id="a configuration inside a virtual environment of any name",
        ),
        pytest.param({"build/lib/x/alembic.ini": ini("script_location = db")}, id="a configuration in build results"),
        pytest.param(
            {"env.py": "import os\n", "versions/a.py": ""}, id="an env.py that has nothing to do with Alembic"
        ),
        pytest.param({"broken/pyproject.toml": "[tool.black\n"}, id="a broken pyproject.toml without Alembic"),
    ],
)
def test_silent(tmp_path: Path, files: dict[str, str]) -> None:
    assert survey(WorkingTree(write(tmp_path, files)), Settings(), {}) == ((), ())


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        pytest.param(
            alembic_folder("db"),
            "db/env.py looks like an environment, but no ini file or pyproject.toml leads to it",
            id="scripts without a configuration",
        ),
        pytest.param(
            {"alembic.ini": "[alembic]\nsqlalchemy.url = sqlite://\n"},
            "alembic.ini: [alembic] has no script_location",
            id="no script location",
        ),
        pytest.param(
            {"alembic.ini": "[alembic]\nscript_location = %(unknown)s/db\n"},
            "[alembic] script_location = %(unknown)s/db: what stands in %(…)s is not in this file",
            id="a script location with an unknown key",
        ),
        pytest.param(
            {"alembic.ini": "script_location = db\n"},
            "alembic.ini cannot be read: File contains no section headers. file: , line: 1 'script_location = db\\n'",
            id="an ini file without sections",
        ),
        pytest.param(
            {"db/pyproject.toml": "[tool.alembic]\nscript_location = db\n"},
            "db/pyproject.toml cannot be read: Invalid value (at line 2, column 19)",
            id="a broken pyproject.toml with Alembic",
        ),
    ],
)
def test_what_comes_near_is_told(tmp_path: Path, files: dict[str, str], problem: str) -> None:
    tree = WorkingTree(write(tmp_path, files))
    assert survey(tree, Settings(), {}) == ((), (problem,))
    assert problem in explain_nothing_found(tree)


def test_nothing_found_says_where_it_looked_and_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "old/alembic.ini": ini("script_location = db")})
    told = explain_nothing_found(WorkingTree(tmp_path), Settings(exclude=("old",)))
    assert told.splitlines() == [
        "no Alembic environment found: looked through 1 files of the working tree (without old) for ini files and "
        "pyproject.toml with a script_location, and Flask-Migrate folders",
        "to begin one: alembic init alembic, or with Flask-Migrate: flask db init",
        "to point at one: [tool.driftguard.environments.main] in pyproject.toml, with config or script_location",
    ]


@pytest.mark.parametrize(
    "pattern", ["samples", "samples/", "samples/*", "./samples/old", "*/old", "**/old", "samples/old/alembic.ini"]
)
def test_excluded_folders_are_not_searched(tmp_path: Path, pattern: str) -> None:
    write(tmp_path, {"samples/old/alembic.ini": ini("script_location = db"), **alembic_folder("samples/old/db")})
    assert discover(WorkingTree(tmp_path), Settings(exclude=(pattern,)), {}) == ()


@pytest.mark.parametrize("pattern", ["sample", "old", "samples/o", "**/ol"])
def test_other_patterns_exclude_nothing(tmp_path: Path, pattern: str) -> None:
    write(tmp_path, {"samples/old/alembic.ini": ini("script_location = db"), **alembic_folder("samples/old/db")})
    assert len(discover(WorkingTree(tmp_path), Settings(exclude=(pattern,)), {})) == 1
