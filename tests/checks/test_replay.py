"""What is advised where a revision fails on a shadow."""

from __future__ import annotations

import pytest

from driftguard.checks.replay import FailedUpgrade, failing_upgrade


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        pytest.param(
            'UndefinedObject: role "app" does not exist', "the shadow's has no app", id="a role of the server"
        ),
        pytest.param('UndefinedTable: relation "app" does not exist', "begins_on", id="a table"),
        pytest.param("IntegrityError: NOT NULL constraint failed", "begins_on", id="rows"),
    ],
)
def test_advice(message: str, advice: str) -> None:
    [finding] = failing_upgrade(FailedUpgrade("a1", "", message, (), None, "alembic upgrade a1"))
    assert advice in finding.help
