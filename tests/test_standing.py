"""What another state has already: recalled ahead where there is time, else when it is asked for, and looked at once."""

from __future__ import annotations

import pytest

from driftguard.errors import DriftguardError
from driftguard.findings import Finding, Side
from driftguard.ratchet import Ratchet, Standing

KNOWN = Finding(code="DG201", side=Side.MODELS, subject="a.b", message="a.b is in no revision")
NEWS = Finding(code="DG201", side=Side.MODELS, subject="a.c", message="a.c is in no revision")
STANDING = Standing(frozenset({KNOWN.identity}))


class Source:
    """Gives what it was made with, and counts how often."""

    def __init__(self, answer: Standing | DriftguardError | None) -> None:
        self.answer = answer
        self.asked = 0

    def recall(self) -> Standing | None:
        self.asked += 1
        if isinstance(self.answer, DriftguardError):
            raise self.answer
        return self.answer

    def look(self) -> Standing:
        found = self.recall()
        assert found is not None
        return found


@pytest.mark.parametrize("ahead", [True, False])
def test_what_is_remembered_is_not_looked_at(ahead: bool) -> None:
    memory, folder = Source(STANDING), Source(None)
    ratchet = Ratchet("known", folder.look, memory.recall)
    if ahead:
        ratchet.prepare()
    assert ratchet.asked is None
    assert [ratchet(KNOWN), ratchet(NEWS)] == ["known", ""]
    assert ratchet.asked == STANDING
    assert (memory.asked, folder.asked) == (1, 0)


@pytest.mark.parametrize("memory", [None, DriftguardError("no git any more")], ids=["nothing", "an error"])
def test_nothing_is_looked_at_before_somebody_asks(memory: DriftguardError | None) -> None:
    folder = Source(STANDING)
    ratchet = Ratchet("known", folder.look, Source(memory).recall)
    ratchet.prepare()
    assert folder.asked == 0
    expected = "known" if memory is None else ""  # what cannot be looked at excuses nothing
    assert [ratchet(KNOWN), ratchet(KNOWN)] == [expected, expected]
    assert folder.asked == (1 if memory is None else 0)


def test_live_and_what_nobody_could_check_are_never_known() -> None:
    live = Finding(code="DG301", side=Side.LIVE, subject="a.b", message="a.b was made by hand")
    unchecked = Finding(code="DG901", side=Side.SETUP, subject="env.py", message="env.py failed")
    folder = Source(Standing(frozenset({live.identity, unchecked.identity})))
    ratchet = Ratchet("known", folder.look)
    assert [ratchet(live), ratchet(unchecked)] == ["", ""]
    assert folder.asked == 0
