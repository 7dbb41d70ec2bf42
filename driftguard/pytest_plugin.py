"""``pytest --driftguard``: tests of graph, models, live and revisions; and the fixture ``driftguard_verdict``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from driftguard.verdict import Verdict

FAMILIES = {
    "graph": "DG1",
    "models": "DG2",
    "live": "DG3",
    "revisions": "DG4",
    "could-be-checked": "DG9",
}
FOUND = pytest.StashKey["Verdict"]()


class Drift(Exception):
    """What was found, as the report for people says it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of ``driftguard check`` that a test run needs."""
    group = parser.getgroup("driftguard", "models, migration head, live database and revision graph")
    group.addoption("--driftguard", action="store_true", help="Check them, as tests of their own.")
    group.addoption(
        "--driftguard-live", default="off", metavar="URL|env:NAME|off", help="The live database.  [default: off]"
    )
    group.addoption("--driftguard-base", default="", metavar="REF", help="The branch to compare revisions with.")


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """The tests come last; ``-k`` and ``--deselect`` mean them as any other."""
    if config.getoption("--driftguard"):
        collector = DriftCollector.from_parent(session, name="driftguard", nodeid="driftguard")
        items.extend(collector.collect())


@pytest.fixture(scope="session")
def driftguard_verdict(request: pytest.FixtureRequest) -> Verdict:
    """The verdict on this project, with the options ``--driftguard-live`` and ``--driftguard-base``."""
    return verdict_of(request.config)


def verdict_of(config: pytest.Config) -> Verdict:
    """Looked at once in a run."""
    if FOUND not in config.stash:
        from driftguard.api import check  # only when it is asked for: every test run imports this module

        live, base = config.getoption("--driftguard-live"), config.getoption("--driftguard-base")
        config.stash[FOUND] = check(config.rootpath, live=live, base=base)
    return config.stash[FOUND]


class DriftCollector(pytest.Collector):
    """A test for each family of rules."""

    def collect(self) -> list[pytest.Item]:
        """Named by what is looked at."""
        return [DriftItem.from_parent(self, name=name) for name in FAMILIES]


class DriftItem(pytest.Item):
    """Fails for errors, and under ``strict`` for warnings; is skipped if nobody looked."""

    def runtest(self) -> None:
        """Look at the project, or at what was found before."""
        from driftguard.findings import Side
        from driftguard.report import plain
        from driftguard.report.text import finding_lines
        from driftguard.verdict import State

        verdict = verdict_of(self.config)
        found = [judged for judged in verdict.findings if judged.finding.code.startswith(FAMILIES[self.name])]
        failing = [judged for judged in found if verdict.fails(judged)]
        if failing:
            raise Drift("\n".join(line for each in failing for line in finding_lines(each, lambda path: None, plain)))
        side = {"graph": Side.GRAPH, "models": Side.MODELS, "live": Side.LIVE}.get(self.name)
        if side and dict(verdict.states)[side] is State.SKIPPED:
            pytest.skip("nobody looked at it")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """The findings alone."""
        return str(excinfo.value) if isinstance(excinfo.value, Drift) else str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[str, None, str]:
        """Where it is: nowhere in a file."""
        return str(self.config.rootpath), None, f"driftguard: {self.name}"
