"""A process that looks again and again keeps its replays on the live server, for as long as it lasts."""

from __future__ import annotations

from pathlib import Path

import pytest
from guarded import sql
from hooked import COLOUR, add_column, add_revision, plain

from driftguard import process
from driftguard.daemon.looking import Engine
from driftguard.engine import silent
from driftguard.probe import guest_process
from driftguard.shadow.postgresql import PostgresqlShadows

LYING = "SELECT datname::text FROM pg_database WHERE left(datname, 11) = 'driftguard_'"


def test_a_watcher_replays_each_revision_once(
    tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, lent = plain(tmp_path / "shop"), []
    project.environ["SHOP_DATABASE"] = postgresql_url
    project.alembic("upgrade", "head")
    lend = PostgresqlShadows.lend

    def noted(self: PostgresqlShadows, name: str) -> str | None:
        lent.append(lend(self, name))
        return lent[-1]

    monkeypatch.setattr(PostgresqlShadows, "lend", noted)
    engine = Engine(project.root, project.environ, guest_process.start, guest_process.start)

    def look(*, last: bool = False) -> list[str]:
        with engine.examine(silent) as sight:
            found = [judged.finding.code for judged in sight.verdict.findings]
            sight.prepare()
            if last:
                engine.end()
        return found

    assert (look(), lent) == ([], [])
    add_column(project, "colour")
    assert look() == ["DG201"]
    assert len(lent) == 1 and lent[0]
    add_revision(project, COLOUR, "colour")
    assert look() == ["DG302"]  # the new revision ran on a copy, and live lacks it
    assert look() == ["DG302"]
    assert len(lent) > 2 and all(lent)
    assert look(last=True) == ["DG302"]
    assert not [name for (name,) in sql(postgresql_url, LYING) if process.mark() in name]
