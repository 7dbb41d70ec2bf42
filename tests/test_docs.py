"""What users and contributors read: generated pages are fresh, links lead somewhere, what is named exists."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from types import ModuleType

import click
import pytest

from driftguard.checks import CHECKS
from driftguard.cli import cli
from driftguard.rules import RULES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
CODE = re.compile(r"^```.*?^```|^ {4}[^\n]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|`|\$ |run: |script: |&& )\s*driftguard ((?:-C \S+ )?[\w-]+[^#`|>&\n]*)", re.MULTILINE)
USAGE = "[OPTIONS]"
LOADED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=\"?([^\"\s>]+)")
OURS_ALONE = re.compile(r"/(?:work|root)/|\bissues? \d", re.IGNORECASE)
TEXTS = (".md", ".py", ".toml", ".yaml", ".ini", ".mako", "run", "git-hook")


def script(name: str) -> ModuleType:
    """A script of docs/."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_fresh() -> None:
    pages = script("generate").pages()
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


def commands(page: Path) -> list[str]:
    """What a page tells its reader to type, without the program's name; usage lines are none of it."""
    code = CODE.findall(page.read_text(encoding="utf-8"))
    return sorted({shown.strip() for each in code for shown in COMMAND.findall(each) if USAGE not in shown})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_command_line_understands_what_pages_show(page: Path) -> None:
    for shown in commands(page):
        understand(cli, shlex.split(shown))


def understand(command: click.Command, words: list[str]) -> None:
    """Raise click's own error for an option or a command that there is not; nothing is run."""
    context = click.Context(command, info_name=command.name)
    given, rest, _ = command.make_parser(context).parse_args(list(words))
    if isinstance(command, click.Group) and rest and "help" not in given:
        _, inner, rest = command.resolve_command(context, rest)
        assert inner is not None
        understand(inner, rest)


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param("chekc", id="a command that there is not"),
        pytest.param("check --life off", id="an option that there is not"),
        pytest.param("daemon begin", id="a command of a group that there is not"),
        pytest.param("graph -o", id="an option without its value"),
    ],
)
def test_the_command_line_does_not_understand(shown: str) -> None:
    with pytest.raises(click.UsageError):
        understand(cli, shlex.split(shown))


def test_commands_are_found_wherever_pages_show_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "Type `driftguard check --staged`, not driftguard alone.\n\n    driftguard graph   # drawn\n\n"
        "```console\n$ driftguard -C shop init\n```\n\n```yaml\n- run: driftguard check --live off\n```\n\n"
        "    driftguard merge [OPTIONS] [HEADS]\n"
    )
    assert commands(page) == ["-C shop init", "check --live off", "check --staged", "graph"]


def test_the_picture_shows_what_the_story_prints() -> None:
    """Word for word; how they are coloured is rich's matter."""
    picture = script("picture")
    drawn = picture.PICTURE.read_text(encoding="utf-8")
    shown = unescape(" ".join(re.findall(r"<text [^>]*clip-path[^>]*>([^<]*)</text>", drawn)))
    printed = re.sub(r"\x1b\[[\d;]*m", "", picture.story())
    assert "".join(shown.split()) == "".join(printed.split()), "renew it: python3 dev.py docs"


def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    site = tmp_path / "site"
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", site],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    loaded = [each for page in site.glob("**/*.html") for each in LOADED.findall(page.read_text(encoding="utf-8"))]
    assert loaded
    assert [each for each in loaded if each.startswith(("http:", "https:", "//"))] == []


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
