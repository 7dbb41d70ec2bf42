"""The live databases or tenant schemas on the page, where several were looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from driftguard.report.fleet import by_environment
from driftguard.report.markup import xml
from driftguard.report.page.elements import Section, in_list, section, state
from driftguard.verdict import Member, State, Verdict

MOST_SHOWN = 12
"""Fine ones that are shown without being asked for."""


def databases(verdict: Verdict) -> Iterator[Section]:
    """What they have in common, then each with its state and its stamp: those that are not fine first."""
    if not verdict.members:
        return
    well = [each for each in verdict.members if each.state is State.FINE]
    unwell = [each for each in verdict.members if each.state is not State.FINE]
    said = "".join(
        f"<p><strong>{xml(name)}</strong>: {xml(fine)}</p>\n{in_list(others) if others else ''}"
        for name, (fine, *others) in by_environment(verdict)
    )
    opened = " open" if len(well) <= MOST_SHOWN else ""
    folded = f"<details{opened}><summary>{len(well)} fine</summary>\n{_table(well)}\n</details>" if well else ""
    yield section("databases", "Live databases", f"{said}{_table(unwell) if unwell else ''}\n{folded}")


def _table(members: Sequence[Member]) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{xml(each.name)}</th><td>{xml(each.environment)}</td><td>{state(each.state)}</td>'
        f"<td>{_stamp(each)}</td></tr>"
        for each in members
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in (members[0].kind, "environment", "state", "stamp"))
    return (
        f'<div class="scrolls" tabindex="0" role="group" aria-label="Live databases">\n<table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _stamp(member: Member) -> str:
    if not member.stamp:
        return '<span class="quiet">unknown</span>' if member.stamp is None else '<span class="quiet">empty</span>'
    return f"<code>{xml(', '.join(member.stamp))}</code>"
