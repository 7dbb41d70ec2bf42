"""A branch on its way into its base: the branch, what git would make of both, and what is new, as one verdict."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from driftguard import engine
from driftguard.checks.base import DIVERGENCES
from driftguard.checks.words import listed
from driftguard.engine import Request
from driftguard.errors import DriftguardError
from driftguard.facts import Progress
from driftguard.findings import Place, Severity
from driftguard.git import RefTree, Repository, Tree
from driftguard.graph import Base, find_base
from driftguard.graph.base import USUAL_NAMES, USUAL_REMOTE
from driftguard.merges import merged
from driftguard.pipelines import Pipeline
from driftguard.ratchet import IN_BASE, Ratchet
from driftguard.verdict import Judged, Verdict, let_pass, with_more

NOT_MERGED = "git cannot merge {} by itself, so the two were not looked at together: {} in conflict"
UNKNOWN = "it is not known which branch this one is going into"
NAME_IT = "name the base with --base, or with the setting `base`"


class Aim(NamedTuple):
    """What a branch is going into; ``base`` is None where nothing is, which ``said`` explains in a few words."""

    base: Base | None
    said: str


def find_aim(repository: Repository, pipeline: Pipeline, named: str, setting: str) -> Aim:
    """The base: the one ``named``, else the pull request's, the ``setting``, the service's default, or what git knows.

    Raises DriftguardError where it is named and not here, and where a CI service builds a branch of which nobody knows
    where it goes.
    """
    head = repository.head
    if head is None:
        raise DriftguardError("there is no commit yet", "commit something first")
    if not named and not pipeline.target and pipeline.branch and pipeline.branch in _defaults(pipeline, setting):
        return Aim(None, f"none: {pipeline.branch} is the base branch itself, so everything counts")
    base = _base(repository, head, pipeline, named, setting)
    if base is None:
        if pipeline.is_known and (pipeline.branch or repository.branch) not in USUAL_NAMES:
            raise DriftguardError(UNKNOWN, NAME_IT)
        return Aim(None, "none that git knows, so everything counts")
    if head not in base.forks:
        return Aim(base, f"{base.name} ({base.commit[:12]})")
    if pipeline.target and not named:
        raise DriftguardError(
            f"{head[:12]} is checked out, which {base.name} has already: nothing of the change would be looked at",
            "check out the commit of the change",
        )
    return Aim(None, f"none: {base.name} has all of it already, so everything counts")


def _defaults(pipeline: Pipeline, setting: str) -> frozenset[str]:
    return frozenset({setting.removeprefix(f"{USUAL_REMOTE}/") or pipeline.default} - {""})


def _base(repository: Repository, head: str, pipeline: Pipeline, named: str, setting: str) -> Base | None:
    branch = "" if named else pipeline.target or ("" if setting else pipeline.default)
    try:
        return find_base(repository, head, named or (branch and _found(repository, branch, pipeline)), setting)
    except DriftguardError as error:
        if not repository.is_shallow or not pipeline.service.whole:
            raise
        more = f"or: {_fetch(repository, branch)}" if named or branch or setting else f"and {NAME_IT}"
        raise DriftguardError(error.message, f"{pipeline.service.whole}, {more}") from error


def _found(repository: Repository, branch: str, pipeline: Pipeline) -> str:
    """How git calls the branch of that name; raises DriftguardError.

    The name is a stranger's: it is only asked for in full, where it cannot be an option, a range or an older commit.
    """
    remote = f"refs/remotes/{USUAL_REMOTE}/{branch}"
    if repository.ask("check-ref-format", remote).returncode:
        raise DriftguardError(f"{branch!r}, which {pipeline.service.name} names, cannot be a branch", NAME_IT)
    for full, short in ((remote, f"{USUAL_REMOTE}/{branch}"), (f"refs/heads/{branch}", branch)):
        if (found := repository.find(full)) is not None:
            return short if repository.find(short) == found else full
    whole = f"{pipeline.service.whole}, or: " if repository.is_shallow and pipeline.service.whole else "fetch it: "
    raise DriftguardError(
        f"the branch {branch}, which {pipeline.service.name} names as the base, is not in this clone",
        f"{whole}{_fetch(repository, branch)}",
    )


def _fetch(repository: Repository, branch: str) -> str:
    command = ["git", "fetch", *(("--unshallow",) if repository.is_shallow else ()), USUAL_REMOTE]
    return shlex.join([*command, *((f"+refs/heads/{branch}:refs/remotes/{USUAL_REMOTE}/{branch}",) if branch else ())])


def pass_through(
    request: Request,
    repository: Repository,
    aim: Aim,
    progress: Progress = engine.silent,
    environ: Mapping[str, str] = os.environ,
) -> Verdict:
    """The verdict on the working tree and, where a base is ahead of it, on what git would make of both.

    What both have is told once.
    """
    base = aim.base
    here = replace(request, source="working", base=base.name if base else None, ways_back=True)
    with engine.examine(here, progress, environ) as examination:
        verdict = replace(examination.verdict, histories=examination.histories)
        if base is None or base.commit in base.forks:
            return verdict
        with merged(repository, repository.resolve("HEAD"), base.commit) as merge:
            if merge.conflicts:
                return with_more(verdict, (), notes=(NOT_MERGED.format(base.name, listed(merge.conflicts)),))
            if _tree(merge.repository, merge.commit) == _tree(merge.repository, "HEAD"):
                return verdict
            progress(f"looking at this branch and {base.name} together")
            there = replace(
                request, source="merged", ref=base.name, base=base.name, live="off", fleet=(), excuses=False
            )
            with engine.examine(there, progress, environ) as both:
                tree = RefTree(merge.repository, merge.commit)
                at_base = Ratchet(IN_BASE, lambda: engine.standing_at(request, base.commit, environ))
                more = _only_together(verdict, both.verdict, at_base)
                return with_more(
                    verdict,
                    [_told(each, base.name, examination.tree, tree) for each in more],
                    checked=[_together(base.name, line) for line in both.verdict.checked],
                    notes=[_together(base.name, note) for note in both.verdict.notes if note not in verdict.notes],
                )


def _only_together(here: Verdict, both: Verdict, at_base: Ratchet) -> Iterator[Judged]:
    """What is off in the merged tree, and was not told of the branch; that it diverges is told there as DG102.

    What counts as known on the branch, for it was off at the fork, is new if the base has mended it since.
    """
    told = {judged.finding.identity: judged for judged in here.findings}
    for found in both.findings:
        if found.finding.code in DIVERGENCES:
            continue
        before, judged = told.get(found.finding.identity), let_pass(found, at_base)
        if before is None or (before.known and judged.severity is not Severity.NOTE):
            yield judged


def _told(judged: Judged, name: str, here: Tree, there: Tree) -> Judged:
    """As of this branch's files: a place is without its line where the file is another."""
    finding = judged.finding
    place = _here(finding.place, here, there)
    return replace(judged, finding=replace(finding, message=_together(name, finding.message), place=place))


def _here(place: Place | None, here: Tree, there: Tree) -> Place | None:
    if place is None or (content := here.read(place.path)) is None:
        return None
    return place if content == there.read(place.path) else Place(place.path)


def _together(name: str, text: str) -> str:
    return f"merged with {name}: {text}"


def _tree(repository: Repository, commit: str) -> str:
    return repository.run("rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}").decode().strip()
