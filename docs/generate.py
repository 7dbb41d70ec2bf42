"""Writes the pages of docs/ that say what the code says: rules, settings, command line. Run: python3 dev.py docs"""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from types import ModuleType

import click
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from driftguard.checks import CHECKS
from driftguard.cli import cli
from driftguard.config import ENVIRONMENT_SCHEMA, SCHEMA, Setting, Settings
from driftguard.findings import Severity
from driftguard.manual import PAGES, SECTIONS, Page, by_purpose
from driftguard.report.json_v1 import Report
from driftguard.rules import RULES, Rule

DOCS = Path(__file__).resolve().parent
TESTS = DOCS.parent / "tests"
SAMPLE = TESTS / "projects" / "plain"
SAMPLE_FILES = ("models.py", "migrations/versions/3f2a8c01b7de_begin.py")
MARK = "<!-- Written by docs/generate.py from {source}: change that, then run `python3 dev.py docs`. -->"
FAMILIES = {
    "DG1": "the revision graph, read without running it",
    "DG2": "models against head",
    "DG3": "the live database against its own stamp",
    "DG4": "the revisions themselves, run on a shadow",
    "DG9": "could not check",
}
WEIGHTS = {
    Severity.ERROR: "Error: fails the check (exit code 1).",
    Severity.WARNING: "Warning: is shown, and fails the check only with `strict`.",
    Severity.NOTE: "Note: is shown, and never fails the check.",
}
UNCHECKED = "Error: the check could not be done (exit code 2)."
HEADINGS = ("Why it hurts", "How to fix")

SETTINGS = """\
# Settings

Most projects need none: `driftguard init` shows what was found by itself, and names the settings that are missing.

They stand in the table `[tool.driftguard]` of `pyproject.toml`, or at the top of a file `driftguard.toml`, at the root
of the repository; settings in both are refused. A misspelt key, a wrong value and an unknown rule are all told at once
(exit code 2). In a commit hook the file counts as it is staged.

    [tool.driftguard]
    live = "env:STAGING_DATABASE_URL"
    ignore = ["pending-upgrade"]

    [tool.driftguard.env]
    SECRET_KEY = "not-a-secret"

    [tool.driftguard.environments.billing]
    config = "billing/alembic.ini"
    live = "off"

Put no password here: name a variable (`live = "env:NAME"`).

## For all environments

{settings}

## For one environment

A table `[tool.driftguard.environments.NAME]` means the environment that `config`, `section` and `script_location` point
at, else the one in `folder`, else the one that `driftguard init` calls NAME; it is called NAME from then on. What the
table says of the other settings counts for this environment instead of what is said for all.

{environment}

## On one line

One finding is let pass by a comment on its line, or on the line before:

```python
age = Column(Integer)  # driftguard: ignore[DG201] reason=comes with the next release until=2027-01-31
```

Behind its last day the finding is told again. A comment that ignores nothing is told too, and with the setting
`require_reason` one without a reason counts for nothing.

## Variables

| variable | meaning |
|---|---|
| `DRIFTGUARD_SKIP` | anything but empty or `0`: the git hooks let everything pass and say so |
| `DRIFTGUARD_CACHE_DIR` | where private database servers are kept, in place of the user's cache folder |
| `NO_COLOR`, `FORCE_COLOR` | no colours on a terminal; colours where there is none |
"""


def _rule_examples() -> ModuleType:
    """The examples that the tests run; they are no part of the package."""
    spec = importlib.util.spec_from_file_location("rule_examples", TESTS / "rule_examples.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


examples = _rule_examples()


def pages() -> dict[Path, str]:
    """Every generated page by its file."""
    rules = {DOCS / "rules" / f"{rule.code}.md": rule_page(rule) for rule in RULES.values()}
    return {
        **rules,
        DOCS / "rules" / "README.md": rules_page(),
        DOCS / "settings.md": settings_page(),
        DOCS / "cli.md": commands_page(),
        DOCS / "report-v1.schema.json": report_schema(),
    }


def rule_page(rule: Rule) -> str:
    """One rule: what it finds, why it hurts, how to fix it."""
    weight = UNCHECKED if rule.family == "DG9" and rule.severity is Severity.ERROR else WEIGHTS[rule.severity]
    return _joined(
        MARK.format(source="the check's docstring"),
        f"# {rule.code} {rule.name}",
        f"{weight} Family {rule.family}xx: {FAMILIES[rule.family]}.",
        *_sections(docstring(rule)),
        "## Example",
        *_example(rule),
        "## Leave it out",
        f'    [tool.driftguard]\n    ignore = ["{rule.name}"]',
        f"In a terminal: `driftguard explain {rule.code}`. [All rules](README.md).",
    )


def rules_page() -> str:
    """The index of all rules, a table for each family."""
    return _joined(
        MARK.format(source="driftguard/rules.py"),
        "# Rules",
        "Codes never change their meaning. Where a rule is selected or ignored (`--select`, `--ignore`, the settings "
        "`select` and `ignore`), its code, its name, or the beginning of a code such as `DG1` will do. "
        "What could not be checked (DG9xx) is told whatever is selected.",
        *(part for family, title in FAMILIES.items() for part in (f"## {family}xx: {title}", _index(family))),
        "## The project of the examples",
        "The example on each rule's page is one of driftguard's own tests. All begin with this shop: its files are "
        "committed on the branch `main`, and its live database, an SQLite file, is at head.",
        *(part for path in SAMPLE_FILES for part in _file(path, (SAMPLE / path).read_text(encoding="utf-8"))),
    )


def settings_page() -> str:
    """The reference of all settings."""
    text = SETTINGS.format(settings=_table(SCHEMA, Settings()), environment=_table(ENVIRONMENT_SCHEMA))
    return _joined(MARK.format(source="driftguard/config.py"), text.strip())


def report_schema() -> str:
    """The JSON Schema of the JSON report."""
    schema = TypeAdapter(Report).json_schema(mode="serialization")
    return json.dumps({"$schema": GenerateJsonSchema.schema_dialect, **schema}, indent=2) + "\n"


def commands_page() -> str:
    """The reference of all commands."""
    context = click.Context(cli, info_name="driftguard", **cli.context_settings)
    return _joined(
        MARK.format(source="driftguard/cli.py and manual.py"),
        "# Command line",
        _code("driftguard [OPTIONS] COMMAND [ARGUMENTS]"),
        *_described(cli, context),
        _purposes(),
        *_page(""),
        *(
            part
            for name, command in _commands(cli, "driftguard")
            for part in (
                f"## {name}",
                _code(f"{name} {_usage(command)}"),
                *_described(command, click.Context(command, parent=context, info_name=name)),
                *_page(name.removeprefix("driftguard ")),
            )
        ),
    )


def _commands(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    """The group's commands, and theirs, by what is typed."""
    for name, command in group.commands.items():
        yield f"{before} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before} {name}")


def _purposes() -> str:
    rows = [
        f"| {title} | {', '.join(f'[{name}](#driftguard-{name})' for name in names)} |"
        for title, names in by_purpose(tuple(cli.commands))
    ]
    return "\n".join(("| purpose | commands |", "|---|---|", *rows))


def _page(name: str) -> Iterator[str]:
    """What is told of a command besides its options."""
    page = PAGES.get(name, Page())
    for title, rows in zip(SECTIONS[:-1], page, strict=False):
        if rows:
            told = (f"| `{what}` | {_cell(meaning)} |" for what, meaning in rows)
            yield "\n".join((f"| {title.lower()} | |", "|---|---|", *told))
    if page.examples:
        told = (f"# {wanted}\n{typed}" for wanted, typed in page.examples)
        yield "\n".join(("```sh", *told, "```"))


def docstring(rule: Rule) -> str:
    """The rule's page as its check has it."""
    return inspect.getdoc(CHECKS[rule.code]) or ""


def _sections(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        heading, colon, rest = paragraph.partition(":")
        if colon and heading in HEADINGS:
            yield f"## {heading}"
            paragraph = rest.strip()[:1].upper() + rest.strip()[1:]
        if paragraph:
            yield paragraph


def _example(rule: Rule) -> Iterator[str]:
    """What makes the rule speak, what it says, and what keeps it silent, as the tests have it."""
    example = examples.EXAMPLES[rule.code]
    yield "In [the shop of all examples](README.md#the-project-of-the-examples), on which nothing is told:"
    yield f"**Told.** {example.told.says}"
    yield from _steps(example.told.steps)
    yield _fenced("console", f"driftguard {example.command} {example.options}".strip())
    yield _fenced("text", examples.headline(rule, example))
    yield f"**Not told.** {example.silent.says}"
    yield from _steps(example.silent.steps)
    if example.silent_options:
        yield _fenced("console", f"driftguard {example.command} {example.silent_options}")


def _steps(steps: tuple[object, ...]) -> Iterator[str]:
    """What somebody does, in blocks of code; commands that follow each other share one."""
    for kind, group in groupby(steps, type):
        if kind is examples.Type:
            yield _fenced("console", "\n".join(step.command for step in group))
        elif kind is examples.Sql:
            yield _fenced("sql", "\n".join(f"{step.statement};" for step in group))
        elif kind is examples.Replace:
            yield from (part for step in group for part in _file(step.path, _changed(step.was, step.now), "diff"))
        else:
            yield from (part for step in group for part in _file(step.path, step.text))


def _file(path: str, text: str, language: str = "") -> Iterator[str]:
    yield f"`{path}`:"
    yield _fenced(language or {".toml": "toml"}.get(Path(path).suffix, "python"), text.rstrip())


def _changed(was: str, now: str) -> str:
    lines = difflib.ndiff(was.splitlines(), now.splitlines())
    return "\n".join(line for line in lines if not line.startswith("?"))


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _index(family: str) -> str:
    rows = [
        f"| [{rule.code}]({rule.code}.md) | {rule.name} | {rule.severity} | {_cell(docstring(rule).splitlines()[0])} |"
        for rule in RULES.values()
        if rule.family == family
    ]
    return "\n".join(("| code | name | severity | found when |", "|---|---|---|---|", *rows))


def _table(schema: tuple[Setting, ...], defaults: Settings | None = None) -> str:
    rows = [
        f"| `{setting.key}` | {_cell(setting.takes)} | {_default(getattr(defaults, setting.key, None))} "
        f"| {_cell(setting.doc)} |"
        for setting in schema
    ]
    return "\n".join(("| key | takes | default | meaning |", "|---|---|---|---|", *rows))


def _default(value: object) -> str:
    """As TOML, which spells strings, numbers and truth as JSON does; nothing for what is not set."""
    return "" if value in ("", (), None) else f"`{json.dumps(value)}`"


def _described(command: click.Command, context: click.Context) -> Iterator[str]:
    yield from (inspect.cleandoc(command.help or "")).split("\n\n")
    options = [each for each in command.get_params(context) if isinstance(each, click.Option) and not each.hidden]
    yield "\n".join(("| option | meaning |", "|---|---|", *map(_option, options)))


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}{_value(option)}`" for name in option.opts)
    default = f" Default: `{option.default}`." if option.show_default else ""
    repeated = " May be given several times." if option.multiple else ""
    return f"| {names} | {_cell(option.help or 'The form of the report.')}{default}{repeated} |"


def _value(option: click.Option) -> str:
    if option.is_flag or option.name == "help":
        return ""
    choices = option.type.choices if isinstance(option.type, click.Choice) else ()
    # A code span needs no escape, but a table's bar does.
    return f" {option.metavar or '|'.join(map(str, choices))}".replace("|", "\\|")


def _usage(command: click.Command) -> str:
    if isinstance(command, click.Group):
        return "[OPTIONS] COMMAND"
    arguments = (each for each in command.params if isinstance(each, click.Argument))
    return " ".join(("[OPTIONS]", *(each.metavar or f"[{(each.name or '').upper()}]" for each in arguments)))


def _code(text: str) -> str:
    return f"    {text}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _joined(*parts: str) -> str:
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write all pages; remove those of rules that are no more."""
    written = pages()
    for stale in set((DOCS / "rules").glob("*.md")) - written.keys():
        stale.unlink()
    for path, text in written.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
