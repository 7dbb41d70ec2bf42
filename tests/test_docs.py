"""What users and contributors read: generated pages are fresh, links lead somewhere, what is named exists."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
from guarded import EXAMPLES, Guarded, sql

from driftguard.checks import CHECKS
from driftguard.cli import cli
from driftguard.rules import RULES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\$ )?driftguard (\w[^#\n]*)", re.MULTILINE)
SHOWN = sorted({command.strip() for block in CONSOLE.findall(README) for command in COMMAND.findall(block)})
OURS_ALONE = re.compile(r"/(?:work|root)/|\bissues? \d", re.IGNORECASE)
TEXTS = (".md", ".py", ".toml", ".yaml", ".ini", ".mako", "run", "git-hook")


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_fresh() -> None:
    pages = generator().pages()
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    stale += set((ROOT / "docs" / "rules").glob("*.md")) - pages.keys()
    names = [str(path.relative_to(ROOT)) for path in stale]
    assert not names, f"these pages are stale: {', '.join(names)}; renew them: python3 dev.py docs"


@pytest.mark.parametrize("code", RULES)
def test_a_rule_s_page_has_its_parts(code: str) -> None:
    first, _, rest = (CHECKS[code].__doc__ or "").partition("\n")
    assert first.endswith("."), "the first line stands alone in lists, so it is a sentence"
    assert "Why it hurts:" in rest
    assert "How to fix:" in rest


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        assert not anchor or anchor in headings(linked), anchor


def headings(page: Path) -> set[str]:
    """The anchors that headings get."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


def test_the_readme_names_the_two_commands() -> None:
    assert re.findall(r"python3 dev\.py \w+", README) == ["python3 dev.py demo", "python3 dev.py test"]


@pytest.mark.parametrize("shown", SHOWN)
def test_commands_in_the_readme_exist(shown: str) -> None:
    name, *words = shown.split()
    options = {opt for each in cli.commands[name].params if isinstance(each, click.Option) for opt in each.opts}
    assert {word for word in words if word.startswith("-")} <= options


def test_the_readme_shows_what_the_story_prints(tmp_path: Path) -> None:
    school = Guarded.copy_of(EXAMPLES / "dropped-column", tmp_path / "school")
    school.environ["SCHOOL_DATABASE"] = url = f"sqlite:///{tmp_path / 'school.db'}"
    school.flask("db", "upgrade")
    sql(url, "ALTER TABLE students DROP COLUMN last_name")
    last = "    last_name = db.Column(db.String(50))\n"
    school.replace("app.py", last, last + "    age = db.Column(db.Integer)\n")
    answer = school.driftguard("check")
    printed = answer.out.replace(str(tmp_path), "/tmp/driftguard-demo")
    assert f"$ driftguard check\n{printed}```" in README


def test_the_floors_are_drawn_as_they_are() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    floors = [layer.replace("driftguard.", "") for layer in layers]
    picture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").splitlines()
    drawn = [line.strip() for line in picture if line.startswith("    ")]
    found = [next((floor for line in drawn if line.partition("  ")[0] == floor), "") for floor in floors]
    assert found == floors


def test_paths_that_contributors_are_told_exist() -> None:
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:driftguard|tests|docs)/[\w./]+)`", told)
    assert paths
    assert [path for path in paths if "NAME" not in path and not (ROOT / path).exists()] == []


def test_nothing_tells_of_the_machine_that_it_was_written_on() -> None:
    told = [f"{path.relative_to(ROOT)}: {line.strip()}" for path in texts() for line in ours_alone(path)]
    assert told == []


def texts() -> Iterator[Path]:
    """The repository's own text files, as git lists them: those that are committed, and those that could be."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name.endswith(TEXTS))
    return (path for path in paths if path.exists() and path != Path(__file__))


def ours_alone(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if OURS_ALONE.search(line)]
