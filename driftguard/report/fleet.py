"""Many live databases in a few words: how many are as they should be, and what the others have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from driftguard.findings import Finding, Side
from driftguard.report.visible import visible
from driftguard.verdict import Member, Verdict, says_unchecked

BEHIND = "DG302"
"""Who has only this is as its stamp says."""

MOST_KINDS = 6
MOST_NAMES = 4


def summaries(verdict: Verdict) -> Iterator[str]:
    """One line for each environment with several live databases."""
    return (f"{name}: {'; '.join(parts)}" for name, parts in by_environment(verdict))


def by_environment(verdict: Verdict) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each environment with several live databases, and the parts of its line: first how many are as they should be."""
    for environment in dict.fromkeys(each.environment for each in verdict.members):
        members = [each for each in verdict.members if each.environment == environment]
        findings = [
            each.finding
            for each in verdict.findings
            if each.finding.environment == environment and each.finding.databases and each.finding.side == Side.LIVE
        ]
        yield visible(environment), tuple(_parts(members, findings))


def some(names: Sequence[str]) -> str:
    """The first of many names, and how many more there are."""
    more = len(names) - MOST_NAMES
    return ", ".join([*map(visible, names[:MOST_NAMES]), *([f"{more} more"] if more > 0 else [])])


def _parts(members: Collection[Member], findings: Collection[Finding]) -> Iterator[str]:
    kinds = sorted((each for each in findings if _is_kind(each)), key=lambda each: len(each.databases))
    unread = _names(each for each in findings if says_unchecked(each.code))
    behind = _names(each for each in findings if each.code == BEHIND)
    fine = len(members) - len({*_names(kinds), *unread})
    noun = next(each.kind for each in members)
    yield f"{fine} of {len(members)} {noun}s {'is as its stamp says' if fine == 1 else 'are as their stamp says'}"
    for kind in kinds[:MOST_KINDS]:
        yield f"{len(kind.databases)}: {visible(_briefly(kind))} ({some(kind.databases)})"
    if len(kinds) > MOST_KINDS:
        yield f"{len(kinds) - MOST_KINDS} more kinds of drift"
    if behind:
        yield f"{len(behind)} behind head ({some(behind)})"
    if unread:
        yield f"{len(unread)} could not be compared ({some(unread)})"


def _briefly(finding: Finding) -> str:
    """What was added or dropped, without where it is and where not."""
    return finding.message.partition(" directly: ")[0]


def _is_kind(finding: Finding) -> bool:
    return finding.code != BEHIND and not says_unchecked(finding.code)


def _names(findings: Iterator[Finding] | Collection[Finding]) -> list[str]:
    return sorted({name for each in findings for name in each.databases})
