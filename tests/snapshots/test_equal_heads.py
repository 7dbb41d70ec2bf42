"""A head built on a snapshot is the head that a whole replay builds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chosen import chosen
from snapshots.chains import CHAINS, Looked, Project
from snapshots.conftest import Make


@pytest.mark.parametrize("dialect", chosen(sorted(CHAINS, reverse=True), 1))
def test_every_beginning(dialect: str, make: Make, look: Callable[[Project], Looked]) -> None:
    project = make(dialect, 0)
    for count, body in enumerate(CHAINS[dialect]):
        project.add(body)
        on_snapshot = look(project)
        assert on_snapshot.went_on is (count > 0), f"{count}: {body}"
        assert on_snapshot.lent is None or len(on_snapshot.lent) == count
    again = look(project)
    assert again.lent == on_snapshot.lent | {f"{count + 1:012d}"}
    project.forget()
    whole = look(project)
    assert not whole.went_on
    assert on_snapshot.head == again.head == whole.head


@pytest.mark.parametrize(("dialect", "stride"), chosen([("postgresql", 5), ("sqlite", 2)], 1))
def test_from_a_prefix_to_the_end(dialect: str, stride: int, make: Make, look: Callable[[Project], Looked]) -> None:
    project = make(dialect)
    whole = look(project).head
    for count in range(1, len(project.files), stride):
        project.forget()
        later = {path: (project.root / path).read_text() for path in project.files[count:]}
        for path in later:
            (project.root / path).unlink()
        assert not look(project).went_on
        for path, text in later.items():
            project.write(path, text)
        found = look(project)
        assert (found.went_on, len(found.lent or ())) == (True, count)
        assert found.head == whole, f"after {count} of {len(project.files)}"
