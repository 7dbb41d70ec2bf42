"""docs/ci.md: its snippets are valid where their services have a schema, and their commands exist."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import check_jsonschema
import pytest
from jsonschema.validators import validator_for
from parsing import parse
from ruamel.yaml import YAML

from driftguard.formats import FORMATS
from driftguard.pipelines import SERVICES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
SCHEMAS = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
SNIPPET = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[ '/])driftguard ((?:ci|check)[^\n'#]*)", re.MULTILINE)
SCHEMA_OF = {
    "pull_request:": "github-workflows",
    "include:": "gitlab-ci",
    "CI_PIPELINE_SOURCE": "gitlab-ci",
    "BITBUCKET": "bitbucket-pipelines",
    "vmImage": "azure-pipelines",
    "cimg/": "circle-ci",
    "label: driftguard": "buildkite",
    "woodpeckerci": "woodpecker-ci",
}
SNIPPETS = SNIPPET.findall(PAGE)
YAMLS = [text for kind, text in SNIPPETS if kind == "yaml"]


def schema_of(text: str) -> str:
    return next(schema for mark, schema in SCHEMA_OF.items() if mark in text)


@pytest.mark.parametrize("text", YAMLS, ids=schema_of)
def test_snippets_are_valid(text: str) -> None:
    schema = json.loads((SCHEMAS / f"{schema_of(text)}.json").read_text())
    validator_for(schema)(schema).validate(document(text))


def document(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(StringIO(text))


@pytest.mark.parametrize("command", sorted(set(COMMAND.findall("\n".join(text for _, text in SNIPPETS)))))
def test_commands_exist(command: str) -> None:
    parse(shlex.split(command))


@pytest.mark.parametrize("text", [each for each in YAMLS if "GIT_DEPTH" not in each], ids=schema_of)
def test_what_has_a_history_says_so(text: str) -> None:
    """A snippet that would meet its own error message is none that works."""
    depths = {
        "github-workflows": "fetch-depth: 0",
        "bitbucket-pipelines": "depth: full",
        "azure-pipelines": 'fetchDepth: "0"',
    }
    assert depths.get(schema_of(text), "") in text


def test_a_hostile_target_stays_a_word_in_jenkins(tmp_path: Path) -> None:
    [line] = re.findall(r"sh '(git fetch[^']*)'", PAGE)
    script = line.replace("git fetch", "printf '%s\\n'")
    target = "$(touch it-ran)`touch it-ran`;x"
    environ = {"PATH": os.environ["PATH"], "CHANGE_TARGET": target}
    done = subprocess.run(["sh", "-euc", script], env=environ, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["origin", f"+refs/heads/{target}:refs/remotes/origin/{target}"]
    assert not list(tmp_path.iterdir())


def test_every_service_is_there() -> None:
    for service in SERVICES:
        assert service.name.removesuffix(" CI") in PAGE
        for name, file in service.outputs:
            assert name in FORMATS
            assert file in PAGE
