"""The files that are ready to be copied: valid where their services have a schema, and doing what they say."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import psycopg
import pytest
from fixtures.postgresql import PostgresqlServer
from guarded import SAMPLES, Answer, Guarded, sql
from parsing import parse
from psycopg.errors import InsufficientPrivilege
from ruamel.yaml import YAML
from sqlalchemy import make_url

from driftguard.cache import CACHE_VARIABLE
from driftguard.rules import is_selector

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
READY = ROOT / "ready-made"
SCHEMAS = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
PLACEHOLDER = re.compile(r"\$\{\{ (.*?) \}\}")
FAKE_PIP = f"""
import os, sys
from pathlib import Path
Path(os.environ["PIP_SAID"]).write_text("\\n".join(sys.argv[1:]))
script = Path(sys.prefix, "bin", "driftguard")
script.write_text("#!/bin/sh\\nexec {shlex.quote(sys.executable)} -m driftguard \\"$@\\"\\n")
script.chmod(0o755)
"""
READER = "driftguard_reader"
MORE = (
    "SELECT * FROM items",
    "DELETE FROM alembic_version",
    "CREATE TABLE public.t (id int)",
    "ALTER TABLE items ADD COLUMN x int",
    "CREATE DATABASE driftguard_other",
    "CREATE ROLE driftguard_other",
)
"""What the role may not do, even where it switches off that it only reads."""


def valid(schema: str, document: object) -> None:
    jsonschema.validate(document, json.loads((SCHEMAS / f"{schema}.json").read_text()))


def described(path: Path) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(path))


def words(script: str) -> list[str]:
    """Of the driftguard command in a script."""
    [line] = [each for each in script.splitlines() if re.search(r"driftguard (?:ci|check)\b", each)]
    return shlex.split(line[line.index("driftguard ") :])[1:]


@pytest.mark.parametrize("path", sorted(READY.glob("github/*.yml")), ids=lambda path: path.name)
def test_workflows_are_valid(path: Path) -> None:
    [workflow] = described(path)
    valid("github-workflows", workflow)
    assert workflow["permissions"] == {"contents": "read"}
    inputs = described(ACTION)[0]["inputs"]
    for step in (step for job in workflow["jobs"].values() for step in job["steps"]):
        assert "${{" not in step.get("run", "")
        if "driftguard check" in step.get("run", ""):
            parse(words(step["run"]))
        if step.get("uses", "").startswith("driftguard/"):
            assert set(step["with"]) <= set(inputs)


def test_gitlab_s_template_is_valid() -> None:
    head, job = described(READY / "gitlab" / "driftguard.yml")
    valid("gitlab-ci", head)
    given = {name: each["default"] for name, each in head["spec"]["inputs"].items()}
    text = json.dumps(job)
    asked = set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", text))
    assert asked == set(given)
    filled = json.loads(re.sub(r'"?\$\[\[ inputs\.(\w+) \]\]"?', lambda found: json.dumps(given[found[1]]), text))
    valid("gitlab-ci", filled)
    assert not any("$[[" in line for line in job["driftguard"]["script"])


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param("", ["ci"], id="nothing is given"),
        pytest.param("$(touch it-ran) x", ["ci", "--base=$(touch it-ran) x"], id="a strange branch stays one word"),
    ],
)
def test_gitlab_s_script(tmp_path: Path, base: str, expected: list[str]) -> None:
    _, job = described(READY / "gitlab" / "driftguard.yml")
    line = job["driftguard"]["script"][-1].replace("/tmp/driftguard/bin/driftguard", "printf '%s\\n'")
    environ = {"PATH": os.environ["PATH"], "INPUT_BASE": base, "INPUT_LIVE": ""}
    done = subprocess.run(["sh", "-euc", line], env=environ, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == expected
    assert not list(tmp_path.iterdir())
    parse(["ci"])


def test_the_action_is_valid() -> None:
    [action] = described(ACTION)
    valid("github-actions", action)
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), "what a script needs comes in through its variables"
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1"))


class Runner:
    """As much of GitHub's runner as the action needs: its steps, with bash, on a clone of a pull request's merge."""

    def __init__(self, clone: Guarded, folder: Path) -> None:
        self.clone = clone
        self.folder = folder
        self.said = folder / "pip"
        for name in ("bin", "temp"):
            (folder / name).mkdir(parents=True)
        python = folder / "bin" / "python3"
        python.write_text(
            "#!/bin/sh\n"
            f'case "$*" in "-m venv "*) ;; *) exec {shlex.quote(sys.executable)} "$@" ;; esac\n'
            f'{shlex.quote(sys.executable)} -m venv --without-pip "$3"\n'
            'site="$(echo "$3"/lib/python3*/site-packages)"\n'
            'mkdir "$site/pip"\n'
            f'cp {folder}/pip.py "$site/pip/__main__.py"\n'
        )
        (folder / "pip.py").write_text(FAKE_PIP)
        python.chmod(0o755)

    def run(self, **inputs: str) -> Answer:
        """All steps that are scripts; those after one that failed are left out."""
        [action] = described(ACTION)
        given = {name: inputs.get(name.replace("-", "_"), each["default"]) for name, each in action["inputs"].items()}
        outputs = self.folder / "outputs"
        out = err = ""
        for step in (each for each in action["runs"]["steps"] if "run" in each):
            assert step["shell"] == "bash"
            environ = {name: filled(value, given) for name, value in step.get("env", {}).items()}
            job = Guarded(self.clone.root, {**self.clone.environ, **self._variables(outputs), **environ})
            answer = job.run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"])
            out, err = out + answer.out, err + answer.err
            if answer.code:
                break
        if outputs.exists():
            assert outputs.read_text() == f"exit-code={answer.code}\n"
            outputs.unlink()
        return Answer(answer.code, out, err)

    def _variables(self, outputs: Path) -> dict[str, str]:
        return {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "GITHUB_ACTIONS": "true",
            "GITHUB_BASE_REF": "main",
            "GITHUB_REF": "refs/pull/7/merge",
            "PIP_SAID": str(self.said),
        }


def filled(text: str, inputs: dict[str, str]) -> str:
    """A value with GitHub's placeholders filled in."""
    return PLACEHOLDER.sub(lambda found: inputs[found[1].removeprefix("inputs.")], text)


@pytest.fixture
def runner(clone: Guarded, tmp_path: Path) -> Runner:
    clone.git("merge", "--quiet", "--no-edit", "origin/main")
    return Runner(clone, tmp_path / "runner")


def test_the_action_annotates_exactly_what_is_new(runner: Runner) -> None:
    answer = runner.run(extras="postgresql", version="0.1.0", formats="sarif=drift.sarif\njson=drift.json\n")
    assert answer.code == 1, answer
    lines = (runner.clone.root / "models.py").read_text().splitlines()
    line = lines.index("    label = Column(LABEL)") + 1
    assert re.findall(r"^::(?:error|warning) file=([^,]*),line=(\d+),.*?::(\S+)", answer.out, re.MULTILINE) == [
        ("models.py", str(line), "racks.label")
    ]
    assert "merged with" not in answer.out, "what is checked out is the merge already"
    assert "1 new revision down and up again" in answer.out
    assert "shelves.old" in (runner.folder / "summary.md").read_text()
    assert runner.said.read_text().splitlines()[-1] == "alembic-driftguard[postgresql]==0.1.0"
    assert json.loads((runner.clone.root / "drift.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((runner.clone.root / "drift.json").read_text())["findings"]


@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        pytest.param({"select": "DG1", "strict": "true"}, 0, "so     passed", id="only the graph"),
        pytest.param({"base": "$(touch it-ran)"}, 2, "$(touch it-ran)", id="a base that is a command"),
        pytest.param({"base": "--help"}, 2, "--help", id="a base that is an option"),
        pytest.param({"live": "x; touch it-ran"}, 2, "--live holds no database URL", id="a database that is a command"),
        pytest.param({"path": "no/$(touch it-ran)"}, 2, "touch it-ran", id="a folder that is a command"),
    ],
)
def test_what_the_action_is_given_stays_text(runner: Runner, inputs: dict[str, str], code: int, said: str) -> None:
    answer = runner.run(**inputs)
    assert (answer.code, said in answer.out + answer.err) == (code, True), answer
    assert runner.said.read_text().splitlines()[-1] == "alembic-driftguard"
    assert not list(runner.clone.root.rglob("it-ran"))


def test_the_action_says_which_python_it_needs(runner: Runner) -> None:
    old = runner.folder / "bin" / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    answer = runner.run()
    assert (answer.code, "3.11 or newer" in answer.out) == (2, True), answer
    assert not runner.said.exists()


@pytest.fixture
def cronjob() -> Iterator[dict[str, Any]]:
    found = described(READY / "kubernetes" / "cronjob.yaml")
    yield {each["kind"]: each for each in found}


def test_the_cron_job_may_next_to_nothing(cronjob: dict[str, Any]) -> None:
    job = cronjob["CronJob"]["spec"]
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & pod.keys()
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    assert job["concurrencyPolicy"] == "Forbid"
    assert job["jobTemplate"]["spec"]["activeDeadlineSeconds"]
    assert not any("value" in each for each in container["env"]), "passwords come from the secret"
    assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}
    assert all("sizeLimit" in each["emptyDir"] for each in pod["volumes"])
    labels = job["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
    policy = cronjob["NetworkPolicy"]["spec"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert (policy["policyTypes"], policy["ingress"]) == (["Ingress", "Egress"], [])
    assert cronjob["ServiceAccount"]["metadata"]["name"] == pod["serviceAccountName"]


def test_the_cron_job_fits_the_image(cronjob: dict[str, Any]) -> None:
    pod = cronjob["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    parse(container["args"])
    assert is_selector(container["args"][container["args"].index("--select") + 1])
    image = instructions()
    user, group = image["USER"][-1].split(":")
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (int(user), int(group))
    cache = dict(each.split("=", 1) for each in shlex.split(image["ENV"][-1]))[CACHE_VARIABLE]
    assert cache in {each["mountPath"] for each in container["volumeMounts"]}
    assert json.loads(image["ENTRYPOINT"][-1]) == ["driftguard"]
    parse(json.loads(image["CMD"][-1]))


def instructions() -> dict[str, list[str]]:
    """The Containerfile's instructions with what follows them, in order."""
    text = (READY / "container" / "Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    found: dict[str, list[str]] = {}
    for line in filter(None, lines):
        word, _, rest = line.partition(" ")
        found.setdefault(word, []).append(rest)
    return found


def test_the_image_is_nobody_s_root() -> None:
    image = instructions()
    [source] = image["FROM"]
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", source)
    assert int(image["USER"][-1].partition(":")[0]) > 0
    assert "driftguard" in " ".join(image["RUN"])


@pytest.mark.skipif(
    shutil.which("hadolint", path=sysconfig.get_path("scripts")) is None, reason="no wheel for this machine"
)
def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sysconfig.get_path("scripts"), "hadolint")
    done = subprocess.run(
        [hadolint, READY / "container" / "Containerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.fixture
def production(
    tmp_path: Path, postgresql_url: str, postgresql_server: PostgresqlServer
) -> Iterator[tuple[Guarded, str, str]]:
    """A project, the URL of its upgraded database, and that of the role that reader.sql makes."""
    project = Guarded.copy_of(SAMPLES / "plain", tmp_path / "shop", {"SHOP_DATABASE": postgresql_url})
    project.alembic("upgrade", "head")
    role = f"reader_{uuid.uuid4().hex[:8]}"
    script = (READY / "kubernetes" / "reader.sql").read_text(encoding="utf-8").replace(READER, role)
    where = {"host": postgresql_server.folder, "dbname": str(make_url(postgresql_url).database)}
    with psycopg.connect(user="postgres", autocommit=True, **where) as connection:
        connection.execute(script.encode())
        yield project, postgresql_url, postgresql_url.replace("://postgres@", f"://{role}@")
        connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def test_the_role_is_enough_and_can_do_no_more(production: tuple[Guarded, str, str]) -> None:
    project, owner, reader = production
    sql(owner, "ALTER TABLE items DROP COLUMN price")
    job = Guarded(project.root, {**os.environ, "READER": reader})
    found = job.check("--live", "env:READER", "--select", "DG3")
    assert (found.code, found.told) == (1, {("DG301", "items.price")}), found
    assert not [note for note in found.report["notes"] if "denied" in note]
    for statement in MORE:
        url = make_url(reader).set(drivername="postgresql").render_as_string()
        with psycopg.connect(url, autocommit=True) as connection, pytest.raises(InsufficientPrivilege):
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(statement.encode())
