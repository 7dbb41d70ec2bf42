"""What the stamp builds is remembered with all that it rests on: where any of it is another, it is built again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from guarded import SAMPLES, Guarded, sql

from driftguard import engine
from driftguard.config import Settings
from driftguard.facts import EnvironmentFacts, database, recalled
from driftguard.facts.guest import Probe
from driftguard.facts.recalled import Server
from driftguard.verdict import Verdict

HEAD = "3f2a8c01b7de"
REVISION = "migrations/versions/3f2a8c01b7de_begin.py"
NEXT = '"""next"""\nrevision = "9a8b7c6d5e4f"\ndown_revision = "3f2a8c01b7de"\n\ndef upgrade():\n    pass\n'
LIVE_ALONE = Settings(select=("DG3",))

Edit = Callable[[Guarded], None]


class Look:
    """Looks at the live database alone, in this process, and counts how often env.py ran for it."""

    def __init__(self, project: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = project
        self.runs = 0
        run = Probe.run

        def counted(probe: Probe, *arguments: object, **named: object) -> object:
            answer = run(probe, *arguments, **named)  # type: ignore[arg-type]
            self.runs += 1
            return answer

        monkeypatch.setattr(Probe, "run", counted)

    def __call__(self, settings: Settings = LIVE_ALONE, live: str = "") -> tuple[bool, Verdict]:
        """Whether env.py ran, and the verdict."""
        before = self.runs
        time.sleep(0.05)  # what was written just now is not remembered
        with engine.examine(self._request(settings, live), environ=self.project.environ) as examination:
            verdict = examination.verdict
            examination.remember()
        return self.runs > before, verdict

    def holds(self, settings: Settings = LIVE_ALONE, live: str = "") -> bool:
        """Whether what is remembered would do, for all that can be told without a guest."""
        request = self._request(settings, live)
        with ExitStack() as stack:
            [facts] = stack.enter_context(engine.open_facts(request, environ=self.project.environ))
            return EnvironmentFacts(facts.scene, facts.environment, stack, recalls=True).recalled is not None

    def _request(self, settings: Settings, live: str) -> engine.Request:
        return engine.Request(self.project.root, settings, live=live)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    """A project whose live database was compared once."""
    folder = tmp_path_factory.mktemp("learnt")
    environ = {"VIRTUAL_ENV": sys.prefix}
    environ["DRIFTGUARD_CACHE_DIR"] = str(folder / "cache")
    project = Guarded.copy_of(SAMPLES / "plain", folder / "shop", environ)
    project.alembic("upgrade", "head")
    with pytest.MonkeyPatch.context() as monkeypatch:
        look = Look(project, monkeypatch)
        ran, verdict = look()
        assert (ran, [each.finding.code for each in verdict.findings]) == (True, [])
        yield look


def write(path: str, text: str) -> Edit:
    return lambda project: project.write(path, text)


def substitute(path: str, was: str, now: str) -> Edit:
    return lambda project: project.replace(path, was, now)


@pytest.mark.parametrize(
    ("path", "edit"),
    [
        pytest.param(REVISION, substitute(REVISION, "20", "30"), id="a revision edited"),
        pytest.param("migrations/versions/next.py", write("migrations/versions/next.py", NEXT), id="a revision added"),
        pytest.param(
            "migrations/env.py", substitute("migrations/env.py", "compare_type", "render_as_batch"), id="env.py edited"
        ),
        pytest.param("models.py", substitute("models.py", "80", "90"), id="a model edited"),
        pytest.param("alembic.ini", substitute("alembic.ini", "shop.db", "other.db"), id="another URL in the ini file"),
        pytest.param("sqlalchemy.py", write("sqlalchemy.py", ""), id="a module in the way of an import"),
    ],
)
def test_edited_files_make_it_run_again(learnt: Look, path: str, edit: Edit) -> None:
    file = learnt.project.root / path
    was = file.read_bytes() if file.exists() else None
    try:
        assert learnt.holds()
        edit(learnt.project)
        assert not learnt.holds()
    finally:
        file.unlink() if was is None else file.write_bytes(was)
    assert learnt.holds()  # the same contents, whatever the file's times are


@pytest.mark.parametrize(
    ("settings", "live"),
    [
        pytest.param(replace(LIVE_ALONE, x=("tenant=a",)), "", id="options for env.py"),
        pytest.param(replace(LIVE_ALONE, env=(("LEVEL", "2"),)), "", id="variables"),
        pytest.param(replace(LIVE_ALONE, shadow="server"), "", id="the shadows' place"),
        pytest.param(replace(LIVE_ALONE, begins_on="create_all"), "", id="what stands before"),
        pytest.param(replace(LIVE_ALONE, privileges=True), "", id="owners and privileges"),
        pytest.param(LIVE_ALONE, "sqlite:///elsewhere.db", id="another live database"),
    ],
)
def test_other_settings_make_it_run_again(learnt: Look, settings: Settings, live: str) -> None:
    assert not learnt.holds(settings, live)


def test_another_variable_makes_it_run_again(learnt: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(learnt.project.environ, "SHOP_DATABASE", "sqlite:///other.db")
    assert not learnt.holds()
    monkeypatch.delitem(learnt.project.environ, "SHOP_DATABASE")
    monkeypatch.setitem(learnt.project.environ, "NOBODY_READS_IT", "1")
    assert learnt.holds()


def test_another_driftguard_and_a_torn_file_make_it_run_again(learnt: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(recalled, "__version__", "0.0.1")
        assert not learnt.holds()
    [file] = (Path(learnt.project.environ["DRIFTGUARD_CACHE_DIR"]) / recalled.FOLDER).iterdir()
    was = file.read_bytes()
    file.write_bytes(was[:-100])
    assert not learnt.holds()
    file.write_bytes(was)
    assert learnt.holds()


def test_other_files_do_not_matter(learnt: Look) -> None:
    learnt.project.write("README.md", "A shop.\n")
    (learnt.project.root / "models.py").touch()
    assert learnt.holds()


def test_drift_is_told_without_a_run(learnt: Look) -> None:
    url = f"sqlite:///{learnt.project.root / 'shop.db'}"
    sql(url, "ALTER TABLE items DROP COLUMN price")
    try:
        ran, verdict = learnt()
    finally:
        sql(url, "ALTER TABLE items ADD COLUMN price NUMERIC(8, 2)")
    assert (ran, [each.finding.subject for each in verdict.findings]) == (False, ["items.price"])
    assert [each.finding.subject for each in learnt()[1].findings] == []


def test_another_stamp_makes_it_run_again(learnt: Look) -> None:
    url = f"sqlite:///{learnt.project.root / 'shop.db'}"
    sql(url, "DELETE FROM alembic_version")
    try:
        ran, verdict = learnt()
    finally:
        sql(url, f"INSERT INTO alembic_version VALUES ('{HEAD}')")
    assert (ran, [each.finding.code for each in verdict.findings]) == (True, ["DG304"])


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(Server("99", ()), id="another version"),
        pytest.param(Server("", (("postgis", "3.4"),)), id="another version of an extension"),
    ],
)
def test_another_server_makes_it_run_again(learnt: Look, monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(database, "server_of", lambda live: server)
        ran, verdict = learnt()
    assert (ran, [each.finding.code for each in verdict.findings]) == (True, [])


def test_a_check_of_everything_runs_everything_and_takes_no_time_to_remember(learnt: Look) -> None:
    [file] = (Path(learnt.project.environ["DRIFTGUARD_CACHE_DIR"]) / recalled.FOLDER).iterdir()
    file.unlink()
    ran, verdict = learnt(Settings())
    assert (ran, verdict.exit_code, file.exists()) == (True, 0, False)
