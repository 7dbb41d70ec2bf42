"""Owners and privileges as users meet them: silent unless asked for, then told, and brought back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fixtures.postgresql import PostgresqlServer
from guarded import SAMPLES, Guarded, sql

NOWHERE = "postgresql+psycopg://ann@/shop?host=/nowhere"
"""The shadow of what nobody answers for lies on a server of driftguard's own, which has none of live's roles."""

ROLES = ("dg_boss", "dg_clerk", "dg_guest", "dg_other")
GRANTING = '''"""Clerks may read."""

from alembic import op

revision = "9b1e4d7a2c30"
down_revision = "3f2a8c01b7de"


def upgrade() -> None:
    op.execute("GRANT SELECT ON items TO dg_clerk")


def downgrade() -> None:
    op.execute("REVOKE SELECT ON items FROM dg_clerk")
'''
DRIFT = (
    "GRANT DELETE ON items TO dg_clerk",
    "GRANT SELECT (label) ON shelves TO dg_guest",
    "ALTER TABLE shelves OWNER TO dg_other",
)


@pytest.fixture
def live(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """A database that ``dg_boss`` may do everything in."""
    admin, url = postgresql_server.admin_url(), postgresql_server.create()
    for each in ROLES:
        creating = f"CREATE ROLE {each} LOGIN; EXCEPTION WHEN OTHERS THEN NULL"
        sql(admin, f"DO $$ BEGIN {creating}; END $$")
    sql(url, "GRANT CREATE ON SCHEMA public TO dg_boss")
    yield url
    postgresql_server.drop(url)


@pytest.fixture
def shop(tmp_path: Path, live: str) -> Guarded:
    """Upgraded by ``dg_boss``, with a revision that grants something."""
    guarded = Guarded.copy_of(
        SAMPLES / "plain", tmp_path / "shop", {"SHOP_DATABASE": live.replace("postgres@", "dg_boss@")}
    )
    guarded.write("migrations/versions/9b1e4d7a2c30_clerks.py", GRANTING)
    guarded.commit("clerks may read")
    guarded.alembic("upgrade", "head")
    guarded.environ["SHOP_DATABASE"] = NOWHERE
    return guarded


def test_owners_and_privileges_on_a_server_with_other_roles(shop: Guarded, live: str) -> None:
    assert shop.check("--live", live, "--privileges").told == set()
    sql(live, *DRIFT)
    assert [each for each in shop.check("--live", live).codes if each.startswith("DG3")] == []
    told = shop.check("--live", live, "--privileges")
    assert {(each["subject"], command) for each in told.report["findings"] for command in each["commands"]} == {
        ("items", "REVOKE DELETE ON TABLE items FROM dg_clerk;"),
        ("shelves", "ALTER TABLE shelves OWNER TO dg_boss;"),
        ("shelves.label", "REVOKE SELECT (label) ON TABLE shelves FROM dg_guest;"),
    }
    repaired = shop.driftguard("repair", "--live", live, "--privileges", "--apply", "--yes")
    assert repaired.code == 0, repaired
    assert sql(live, "SELECT tableowner FROM pg_tables WHERE tablename = 'shelves'") == [("dg_boss",)]
