"""What programs may rely on: ``driftguard.check``, and the pytest plugin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from guarded import Guarded
from hooked import add_revision, column, hooked

import driftguard
from driftguard.errors import DriftguardError
from driftguard.verdict import Verdict

CONFTEST = "def test_verdict(driftguard_verdict):\n    assert not driftguard_verdict.findings\n"


@pytest.fixture
def shop(tmp_path: Path) -> Guarded:
    """A sample project with a test that asks for the verdict."""
    project = hooked(tmp_path / "shop")
    project.write("tests/test_drift.py", CONFTEST)
    return project


def run(project: Guarded, *arguments: str) -> tuple[int, str]:
    """pytest with this plugin alone, whether this installation has registered it or not."""
    project.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    answer = project.run(sys.executable, "-m", "pytest", "-p", "driftguard.pytest_plugin", "-rs", "-v", *arguments)
    return answer.code, answer.out


def codes(verdict: Verdict) -> list[str]:
    return [judged.finding.code for judged in verdict.findings]


def test_check(shop: Guarded) -> None:
    verdict = driftguard.check(shop.root, live="off")
    assert (verdict.exit_code, verdict.findings) == (0, ())
    column(shop)
    assert codes(driftguard.check(shop.root / "migrations", live="off")) == ["DG201"]
    assert codes(driftguard.check(str(shop.root), live="off", ignore=["DG2"])) == []
    assert codes(driftguard.check(shop.root, select=["DG1"])) == []
    assert codes(driftguard.check(shop.root, staged=True, live="off")) == []
    assert codes(driftguard.check(shop.root, ref="HEAD")) == []


def test_what_has_to_be_mended_first(shop: Guarded, tmp_path: Path) -> None:
    with pytest.raises(DriftguardError, match="no commit called"):
        driftguard.check(shop.root, ref="nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DriftguardError, match="in no git repository"):
        driftguard.check(tmp_path / "empty", staged=True)
    with pytest.raises(AttributeError, match="has no attribute 'chek'"):
        driftguard.chek  # noqa: B018


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    program = "import sys, driftguard; print('driftguard.engine' in sys.modules, callable(driftguard.check))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"


def test_without_the_option_there_are_no_tests_of_its_own(shop: Guarded) -> None:
    code, out = run(shop)
    assert (code, "1 passed" in out, "driftguard::" in out) == (0, True, False)


def test_a_test_for_each_family(shop: Guarded) -> None:
    code, out = run(shop, "--driftguard")
    assert code == 0, out
    assert "5 passed, 1 skipped" in out
    assert "SKIPPED" in next(line for line in out.splitlines() if "driftguard::live" in line)


def test_what_is_found_fails_its_test(shop: Guarded) -> None:
    column(shop)
    code, out = run(shop, "--driftguard", "--deselect", "tests/test_drift.py")
    assert code == 1
    assert "driftguard::models FAILED" in out
    assert "error[DG201] missing-revision: shelves.colour is in the models but in no revision" in out
    assert "driftguard::graph PASSED" in out


def test_some_of_them(shop: Guarded) -> None:
    column(shop)
    code, out = run(shop, "--driftguard", "-k", "graph")
    assert (code, "1 passed" in out) == (0, True), out


def test_the_live_database_and_the_base(shop: Guarded) -> None:
    shop.git("checkout", "--quiet", "-b", "mine")
    shop.alembic("upgrade", "head")
    code, out = run(shop, "--driftguard", "--driftguard-live", "sqlite:///shop.db", "--driftguard-base", "main")
    assert (code, "6 passed" in out) == (0, True), out
    add_revision(shop, "66ab54c0e1f2", "size")
    add_revision(shop, "77bc65d1f203", "size")
    code, out = run(shop, "--driftguard", "-k", "graph", "--driftguard-base", "main")
    assert (code, "DG101" in out) == (1, True), out


def test_a_bad_base_is_said(shop: Guarded) -> None:
    code, out = run(shop, "--driftguard", "-k", "graph", "--driftguard-base", "nowhere")
    assert (code, "git knows no commit called 'nowhere'" in out) == (1, True), out
