"""What the commands about the live schema look at: one environment, and the databases that its env.py configures."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from driftguard import engine
from driftguard.commands.guarded import open_tree, root_of
from driftguard.commands.progress import progress
from driftguard.config import load_settings
from driftguard.errors import DriftguardError
from driftguard.facts import DatabaseFacts, EnvironmentFacts, LiveFacts, Unavailable
from driftguard.facts.mending import Refused
from driftguard.report.visible import visible_lines
from driftguard.schema.catalog import Catalog

REFUSED = 1
REPAIR_FIRST = "see `driftguard check`"


class Looked(NamedTuple):
    """An environment, and all of the repository. ``hush`` takes the progress line away, before anything is printed."""

    root: Path
    environment: EnvironmentFacts
    everybody: tuple[EnvironmentFacts, ...]
    hush: Callable[[], None]

    def database(self) -> DatabaseFacts:
        """The only one that env.py configures, replayed; raises DriftguardError, Unavailable."""
        databases = self.environment.databases
        if len(databases) > 1:
            names = ", ".join(each.database.name for each in databases)
            raise DriftguardError(f"env.py configures several databases ({names}); only one can be looked at", "")
        failure = databases[0].database.failure
        if failure is not None:
            message = f"revision {failure.revision} cannot be replayed: {failure.message}"
            raise DriftguardError(message, REPAIR_FIRST)
        return databases[0]

    def live(self) -> LiveFacts:
        """The live database, beside all chains that may live there too; raises DriftguardError, Unavailable."""
        database = self.database()
        live = self.environment.scene.live_of(self.environment.settings)
        if not live.wanted:
            raise DriftguardError("the live database is left alone, as the setting live says", "name one: --live URL")
        return LiveFacts(self.environment, database, live, self.neighbours())

    def neighbours(self) -> list[Catalog]:
        """What other chains build in the same database."""
        for other in self.everybody:
            with suppress(Unavailable):  # a chain that cannot be replayed is no neighbour; `strangers` tells
                _ = other.databases
        return engine.neighbours(self.database(), self.everybody)

    def expected(self, live: LiveFacts) -> Catalog:
        """What the live database's stamp builds; raises DriftguardError without one that is known here."""
        if not live.reading.stamp:
            raise DriftguardError(f"{live.address} has no stamp, so nobody knows what it should hold", REPAIR_FIRST)
        if live.unknown or live.expected is None:
            raise DriftguardError(
                f"{live.address} is stamped {', '.join(live.reading.stamp)}, which no revision file here has",
                REPAIR_FIRST,
            )
        return live.expected


@contextmanager
def looked_at(start: Path, environment: str, live: str, *, privileges: bool = False) -> Iterator[Looked]:
    """The environment of that name ("" for the only one); Unavailable becomes DriftguardError.

    ``privileges``: with owners and privileges, whatever the settings say.
    """
    root = root_of(start)
    settings = load_settings(open_tree(root, "working", ""))
    settings = settings.with_privileges() if privileges else settings
    request = engine.Request(root, settings, live=live)
    with ExitStack() as stack:
        line = stack.enter_context(ExitStack())
        tell = line.enter_context(progress(sys.stderr))
        try:
            everybody = stack.enter_context(engine.open_facts(request, tell, os.environ))
            yield Looked(root, _chosen(everybody, environment), everybody, line.close)
        except Unavailable as missing:
            details = "\n".join((missing.problem.message, *missing.problem.details))
            raise DriftguardError(details, missing.problem.help) from missing


def _chosen(everybody: tuple[EnvironmentFacts, ...], name: str) -> EnvironmentFacts:
    found = [each for each in everybody if name in ("", each.environment.name)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(each.environment.name for each in everybody)
    if found:
        raise DriftguardError(f"which environment? there are {names}", "name it with -e")
    raise DriftguardError(f"there is no environment {name!r}; there are {names}", "name one of them with -e")


def told(refused: Refused) -> int:
    """Print what is in the way; the exit code."""
    for word, text in (("refused:", refused.message), ("hint:", refused.hint)):
        print(word, "\n".join(visible_lines(text)), file=sys.stderr)
    return REFUSED
