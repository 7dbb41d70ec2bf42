"""Chooses the checks by what they need, obtains the facts, and ends in a verdict."""

from __future__ import annotations

import datetime
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from driftguard import ignore_comments
from driftguard.baseline import FILE as BASELINE
from driftguard.baseline import Baseline, Entry
from driftguard.baseline import read as read_baseline
from driftguard.cache import cache_folder
from driftguard.checks import BASE, GRAPH, LIVE, MODELS, ORDER, REPLAY, SETUP, WAY_BACK
from driftguard.checks.graph import GraphInput
from driftguard.checks.models import lacks_revision
from driftguard.checks.replay import failing_upgrade
from driftguard.checks.setup import Problem
from driftguard.checks.words import counted, listed
from driftguard.config import Settings
from driftguard.errors import DriftguardError
from driftguard.facts import (
    READ,
    DatabaseFacts,
    EnvironmentFacts,
    Lasting,
    Live,
    LiveFacts,
    Moment,
    NotRemembered,
    Progress,
    Scene,
    Unavailable,
)
from driftguard.facts.base import base_input, conflicts_in
from driftguard.facts.base_trees import BaseTrees, base_trees
from driftguard.facts.dependencies import Dependencies, dependencies, watched_folders
from driftguard.facts.direct import DirectDatabase, direct_databases
from driftguard.facts.export import Export
from driftguard.facts.exporting import exported
from driftguard.facts.fleet import TENANT, Fleet, read_fleet, tenants_of, told_where
from driftguard.facts.inputs import graph_input, live_input, models_input
from driftguard.facts.learning import learn
from driftguard.facts.live import FromFile
from driftguard.facts.orders import order_input
from driftguard.facts.way_back import ONE_BY_ONE, new_revisions, ways_back
from driftguard.findings import Finding, Place, Severity, Side, together
from driftguard.git import (
    IndexTree,
    RefTree,
    Repository,
    Tree,
    WorkingTree,
    everything_staged,
    find_repository,
    last_commit_staged,
    materialised,
    no_repository,
)
from driftguard.graph import NOTHING_KNOWN, Known
from driftguard.ignore_comments import MARK, Applied, IgnoreComment, read_comments, unused
from driftguard.memo.shelf import Shelf
from driftguard.merges import merged
from driftguard.object_patterns import is_pattern
from driftguard.probe import guest_process
from driftguard.probe.guest_process import Start
from driftguard.project import Environment, choose, discover
from driftguard.ratchet import (
    IN_BASE,
    IN_LAST_COMMIT,
    NEVER,
    Ratchet,
    Standing,
    changed_since_last_commit,
    identities,
    keep,
    recall,
    sees_the_future,
)
from driftguard.rules import RULES, selects
from driftguard.schema.catalog import Catalog
from driftguard.verdict import History, Member, Verdict, is_told, judge, says_unchecked

UNTOLD = "models, head and live were not compared: {} stands in the way, and does not count as an error here"
NOT_COMPARED = "not compared with the base branch: {}"
CONFLICTS = "{}: git cannot merge {} with {} by itself, so what the revisions would be together cannot be told"
MOST_ENTRIES = 3
"""Entries of the baseline that are named in one note."""

SIDES = {"DG1": Side.GRAPH, "DG2": Side.MODELS, "DG3": Side.LIVE, "DG4": Side.HEAD}
"""What has to be looked at before a family of rules can find anything."""

UNCOMPARED = ("DG303", "DG304", "DG305")
"""Rules that say why live was not compared with its stamp, object by object."""

RUNNING = (*MODELS, *LIVE, *REPLAY, *WAY_BACK, "DG407")
"""Rules that cannot be told without running something of the project."""

REPLAYED = (*MODELS, *REPLAY, "DG407")
"""Those that take more than what is remembered of the live database's own revisions."""

IN_FOLDER = ("index", "everything", "last commit")
"""Sources that are looked at in the working tree's place, whatever lies there."""

SHARE = 0.4
"""Of the deadline, after which a hook does not begin to look at the last commit as well."""

TEARING = ("DG103", "DG104", "DG105", "DG112")
"""Rules of what Alembic refuses to load."""

TORN = "{}: models, head and live were not compared, because Alembic cannot load these revisions"


@dataclass(frozen=True, slots=True)
class Request:
    """What to check: ``source`` is "working", "index" or "ref" (``ref`` names it), ``moment`` the git hook, if any.

    "everything" is the index as ``git add --all`` would make it, without making it; "merged" is what git would make of
    the last commit and ``ref``; "last commit" is that commit in the index's place. ``base``: the branch to compare the
    revisions with, "" for the one that git and the settings name, None for none. ``fleet``: the live databases, where
    there are several; ``live`` is one, or "off". ``strict_coverage``: what cannot be compared in live is a finding.
    ``ways_back``: new revisions are also undone, and run again. ``excuses``: what was off where this branch left a
    ``base`` that is named is but a note.
    """

    root: Path
    settings: Settings
    environments: tuple[str, ...] = ()
    source: str = "working"
    ref: str = ""
    live: str = ""
    moment: str = ""
    base: str | None = None
    fleet: tuple[Live, ...] = ()
    strict_coverage: bool = False
    ways_back: bool = False
    excuses: bool = True


def silent(stage: str) -> None:
    """Progress that nobody sees."""


@dataclass
class Outcome:
    """What comes together while environments are looked at.

    ``bases`` has, by environment, the base branch and its revisions; ``stamps`` environment, live database, revision.
    ``patterns``: those that meant objects of an environment's live databases. ``obstacles``: by environment, findings
    of which at least one has to be told as an error, for they are why the rest was not looked at.
    """

    findings: list[Finding] = field(default_factory=list)
    looked_at: set[tuple[str, Side]] = field(default_factory=set)
    checked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    patterns: set[tuple[str, str]] = field(default_factory=set)
    bases: dict[str, Known] = field(default_factory=dict)
    stamps: list[tuple[str, str, str]] = field(default_factory=list)
    obstacles: list[tuple[str, tuple[Finding, ...]]] = field(default_factory=list)

    def standing(self, environment: str, database: str, stamp: Sequence[str] | None) -> None:
        """Note where a live database stands."""
        self.stamps += [(environment, database, each) for each in stamp or ()]


class Excuses(NamedTuple):
    """What lets a finding pass: that the base or the last commit has it, or that the baseline lists it."""

    base: Ratchet
    last_commit: Ratchet
    baseline: Baseline


class Examination:
    """One look at everything, kept open: live can be looked at again, while the rest stays as it was found.

    All of its calls belong into one thread, because its guests are no place for two.
    """

    def __init__(
        self,
        request: Request,
        scene: Scene,
        environments: tuple[EnvironmentFacts, ...],
        guests: ExitStack,
        excuses: Excuses,
    ) -> None:
        self._base, self._last_commit, self._baseline = excuses
        self._chosen = bool(request.environments)
        self._settings = request.settings
        self._strict_coverage = request.strict_coverage
        self._scene = scene
        self._environments = environments
        self._guests = guests
        self._remembers = request.source == "working" and not request.fleet and scene.looks_at_live_alone
        self._still = Outcome()
        for facts in environments[:1]:
            facts.begin()
        if scene.lifetime is None:  # whoever looks again and again has guests that need no time to load
            self._last_commit.prepare()
        for facts in environments:
            _look_at_environment(facts, self._still, request.ways_back)
        self._look_at_live({})

    @property
    def repository(self) -> Repository | None:
        """Where it was looked, as git knows it."""
        return self._scene.repository

    @property
    def tree(self) -> Tree:
        """The files that were looked at."""
        return self._scene.tree

    @property
    def interpreter(self) -> str:
        """The one that ran the first environment; "" if none did."""
        return next((facts.interpreter for facts in self._environments[:1]), "")

    @property
    def settings(self) -> Settings:
        """What counted."""
        return self._settings

    @property
    def compared_with(self) -> Standing | None:
        """The last commit, whose findings the next one may have, if there was a reason to look at it."""
        return self._last_commit.asked

    @property
    def rests_on_the_day(self) -> bool:
        """Whether a comment ignores something until some day, or the baseline lets it pass."""
        applied = self._applied()
        entries = self._baseline.used(applied.findings)
        return any(comment.until for comment in applied.used) or any(entry.until for entry in entries)

    def _applied(self) -> Applied:
        found = [*self._still.findings, *self._live.findings]
        today, needs_reason = datetime.date.today(), self._settings.require_reason
        return ignore_comments.apply(found, self._comments_in, today, needs_reason=needs_reason)

    @property
    def verdict(self) -> Verdict:
        """On everything that was found until now."""
        return self._judged(self._base)

    @property
    def commit_verdict(self) -> Verdict:
        """The same for the hook of a commit, which lets pass what the last commit has."""
        return self._judged(lambda finding: self._base(finding) or self._last_commit(finding))

    def _judged(self, known: Callable[[Finding], str]) -> Verdict:
        verdict = self._judged_with((), known)
        untold = tuple(_untold_obstacles(self._still, verdict))
        return self._judged_with(untold, known) if untold else verdict

    def _judged_with(self, more: tuple[Finding, ...], known: Callable[[Finding], str]) -> Verdict:
        still, live, settings = self._still, self._live, self._settings
        looked_at, applied, today = still.looked_at | live.looked_at, self._applied(), datetime.date.today()
        names = (facts.environment.name for facts in self._environments)
        return judge(
            (*self._baseline.told(applied.findings, today), *more),
            select=settings.select,
            ignore=settings.ignore,
            ignored_in={each.name: each.ignore for each in settings.environments},
            severity=settings.severity,
            strict=settings.strict,
            looked_at={side for _, side in looked_at},
            environments={each: {side for name, side in looked_at if name == each} for each in names},
            checked=[*still.checked, *live.checked, *applied.told],
            notes=[*still.notes, *live.notes, *applied.problems, *self._unused(applied.used)],
            known=lambda finding: self._baseline.known(finding, today) or known(finding),
            members=live.members,
        )

    @property
    def histories(self) -> tuple[History, ...]:
        """The revisions of every environment, with what was learned of them on the way."""
        return tuple(map(self._history, self._environments))

    def _history(self, facts: EnvironmentFacts) -> History:
        name = facts.environment.name
        live = tuple((database, id_) for environment, database, id_ in self._live.stamps if environment == name)
        return History(name, facts.graph, self._still.bases.get(name, NOTHING_KNOWN)._replace(live=live))

    def _comments_in(self, path: str) -> tuple[IgnoreComment, ...]:
        return read_comments(path, self._scene.tree.read(path) or b"")

    def _unused(self, comments: frozenset[IgnoreComment]) -> Iterator[str]:
        """What lets nothing pass, said where somebody asked; a hook has something else to do."""
        if self._scene.moment is Moment.HOOK or self._scene.staged:
            return
        yield from self._unused_comments(comments)
        yield from self._unused_patterns()
        if gone := self.entries_that_do_not_apply:
            named = listed([f"{each.code} {each.subject}" for each in gone[:MOST_ENTRIES]])
            more = f" and {len(gone) - MOST_ENTRIES} more" if len(gone) > MOST_ENTRIES else ""
            yield f"{BASELINE} has what was not found: {named}{more}; driftguard baseline --prune takes it out"

    def _unused_comments(self, used: frozenset[IgnoreComment]) -> Iterator[str]:
        """Of rules that were looked at."""
        if self._scene.repository is None:
            return
        sides = {side for _, side in self._still.looked_at | self._live.looked_at}
        for path in self._scene.repository.files_with(MARK, self._scene.tree):
            comments = self._comments_in(path) if path.endswith(".py") else ()
            yield from unused((each for each in comments if _was_looked_at(each, sides, self._settings)), used)

    def _unused_patterns(self) -> Iterator[str]:
        """Of live objects, where every live database was compared with its stamp."""
        wanted: dict[str, set[str]] = {}
        for facts in self._environments:
            for pattern in filter(is_pattern, facts.settings.ignore):
                wanted.setdefault(pattern, set()).add(facts.environment.name)
        for pattern, names in wanted.items():
            used = any((name, pattern) in self._live.patterns for name in names)
            if not used and all(map(self._live_was_compared, names)):
                yield f"no object of the live database is a {pattern}: take the pattern out of what is ignored"

    @property
    def entries_that_do_not_apply(self) -> tuple[Entry, ...]:
        """Of the baseline, those whose finding would have been told if it were there."""
        used = self._baseline.used((*self._still.findings, *self._live.findings))
        return tuple(each for each in self._baseline.entries if each not in used and self._would_be_told(each))

    def _would_be_told(self, entry: Entry) -> bool:
        """Whether what the entry is about was looked at; what an environment had that is gone is gone as well."""
        names = {facts.environment.name for facts in self._environments}
        settings, side = self._settings, SIDES.get(entry.code[:3])
        if entry.environment not in names:
            return bool(names) and not self._chosen
        if entry.code in BASE or not is_told(entry.code, settings.select, settings.ignore):
            return False
        if side is Side.LIVE:
            return self._live_was_compared(entry.environment)
        unchecked = any(
            each.environment == entry.environment and says_unchecked(each.code) for each in self._still.findings
        )
        return side is not None and (entry.environment, side) in self._still.looked_at and not unchecked

    def _live_was_compared(self, environment: str) -> bool:
        """Whether each difference of live would have been told."""
        found = (each for each in self._live.findings if each.environment == environment)
        hides = any(says_unchecked(each.code) or each.code in UNCOMPARED for each in found)
        return (environment, Side.LIVE) in self._live.looked_at and not hides

    def dependencies(self) -> Dependencies | None:
        """What the verdict on staged files depended on; None where that cannot be told, or checked later."""
        began, everything_ran = self._scene.began, all(facts.has_run for facts in self._environments)
        if began is None or not everything_ran:
            return None
        return dependencies(self._scene, self._environments, self._lives, began)

    def remember(self) -> None:
        """Keep what the next look at live alone would have to build anew: whoever asks for that does so again."""
        if self._remembers:
            for facts in self._environments:
                learn(facts, self._lives)

    def live_fingerprint(self, exact: bool) -> tuple[str, ...]:
        """For each live database a text that changes when its schema or its stamp may have.

        The quick ones may be some seconds late, and change more often than need be.
        """
        self._renew()
        return tuple(live.fingerprint(exact=exact) for live in self._lives)

    @property
    def live_fingerprints_before(self) -> tuple[str, ...]:
        """The exact ones from before the live databases were read; "" where that is not known."""
        return tuple(live.fingerprint_before for live in self._lives)

    @property
    def needs_guests(self) -> bool:
        """Whether only the project's own driver can say how its live databases are."""
        return any(live.needs_guest for live in self._lives)

    def listen(self, pipe: Path) -> bool:
        """Whether all live databases tell the pipe when their schema or stamp changes; asking is then only a habit."""
        self._renew()
        listening = [live.needs_guest and live.listen(pipe) for live in self._lives]
        return bool(listening) and all(listening)

    def let_guests_go(self) -> None:
        """Nothing but fingerprints of files can be asked from now on, and what is known already."""
        self._guests.close()

    def prepare(self) -> None:
        """Make ahead what the next look will need, while nobody waits."""
        for facts in self._environments:
            facts.prepare()

    @property
    def watched(self) -> tuple[Path, ...]:
        """Folders, without those inside them, in which a change may change the verdict; sorted."""
        self._renew()
        return watched_folders(self._scene, self._environments)

    def _renew(self) -> None:
        for facts in self._environments:
            facts.renew()

    def look_at_live_again(self, fingerprints: Sequence[str]) -> Verdict:
        """Read the live databases anew, and compare them with what was built before.

        ``fingerprints``: what ``live_fingerprint`` has said of them just now, exactly.
        """
        self._renew()
        self._look_at_live({live.place: found for live, found in zip(self._lives, fingerprints, strict=True)})
        return self.verdict

    def _look_at_live(self, before: Mapping[tuple[str, int], str]) -> None:
        self._live = Outcome()
        self._lives: list[LiveFacts] = []
        for facts in self._environments:
            self._lives += _look_at_live(facts, self._environments, self._live, self._strict_coverage, before)


def _was_looked_at(comment: IgnoreComment, sides: Collection[Side], settings: Settings) -> bool:
    """Whether each of its rules would have been told if it had found something."""
    codes = [code for code in RULES if any(selects(rule, code) for rule in comment.rules)]
    return all(
        is_told(code, settings.select, settings.ignore) and SIDES.get(RULES[code].family) in sides for code in codes
    )


@contextmanager
def examine(
    request: Request,
    progress: Progress = silent,
    environ: Mapping[str, str] = os.environ,
    start: Start = guest_process.start,
    lasting: Lasting | None = None,
) -> Iterator[Examination]:
    """Look at every environment of the request; raises DriftguardError for what the user must mend first.

    ``start`` begins guests, which live as long as the context. In a git hook's moment there may be no environment.
    ``lasting`` is what the looks of one process have in common.
    """
    with _scene(request, progress, environ, start) as scene, ExitStack() as stack:
        scene = scene if lasting is None else replace(scene, **lasting._asdict())
        found = _environments(request, scene)
        excuses = Excuses(
            _base(request, scene, environ),
            _last_commit(request, scene, environ, start),
            read_baseline(scene.tree.read(BASELINE)),
        )
        examination = _from_memory(request, scene, found, stack, excuses)
        if examination is None:
            environments = tuple(EnvironmentFacts(scene, each, stack) for each in found)
            examination = Examination(request, scene, environments, stack, excuses)
        yield examination


def _from_memory(
    request: Request, scene: Scene, found: tuple[Environment, ...], stack: ExitStack, excuses: Excuses
) -> Examination | None:
    """A look at live by what earlier ones have learnt; None if something else is asked, or has to be learnt anew."""
    if request.source != "working" or request.fleet or not scene.runs_code or not scene.looks_at_live_alone:
        return None
    with ExitStack() as guests:
        environments = tuple(EnvironmentFacts(scene, each, guests, recalls=True) for each in found)
        if any(facts.recalled is None for facts in environments):
            return None
        try:
            examination = Examination(request, scene, environments, guests, excuses)
        except NotRemembered:
            return None
        stack.push(guests.pop_all())
        return examination


def _base(request: Request, scene: Scene, environ: Mapping[str, str]) -> Ratchet:
    """What stands in the base that the request names."""
    if not request.base or not request.excuses:
        return NEVER
    return Ratchet(IN_BASE, lambda: _standing_in_base(request, scene, environ))


def _last_commit(request: Request, scene: Scene, environ: Mapping[str, str], start: Start) -> Ratchet:
    """What stands in the last commit, for the hook of the next one."""
    repository = scene.repository
    commits = request.source in ("index", "everything") and scene.moment is Moment.HOOK
    if not commits or request.settings.known_in_hook == "error" or repository is None or repository.head is None:
        return NEVER
    end = monotonic() + request.settings.deadline * SHARE
    return Ratchet(
        IN_LAST_COMMIT,
        lambda: _standing_in_last_commit(request, repository, environ, start, end),
        lambda: _remembered_of_last_commit(request, repository, environ),
    )


def _standing_in_base(request: Request, scene: Scene, environ: Mapping[str, str]) -> Standing:
    """Of the commit where this branch left its base."""
    trees = scene.base()
    if trees is None:
        return Standing(frozenset())
    return standing_at(request, (*trees.forks, trees.tip)[0].commit, environ)


def _remembered_of_last_commit(request: Request, repository: Repository, environ: Mapping[str, str]) -> Standing | None:
    with last_commit_staged(repository) as indexed:
        return recall(indexed, request.settings, changed_since_last_commit(repository), environ)


def _standing_in_last_commit(
    request: Request, repository: Repository, environ: Mapping[str, str], start: Start, end: float
) -> Standing:
    """As it is found in the folder, else as it is found in a copy of that commit.

    No look begins after ``end``: a hook that is ended for being late could not even say what it has found.
    """
    settings, changed = request.settings, changed_since_last_commit(repository)
    there = replace(request, source="last commit", live="off", base=None)
    _refuse_when_late(end)
    with examine(there, environ=environ, start=start) as examination:
        verdict = examination.verdict
        found = None if examination.rests_on_the_day else examination.dependencies()
    if found is not None and not sees_the_future(found.staged, found.around, repository, changed):
        keep(repository, settings, verdict, found)
        return Standing(identities(verdict), (found.staged, found.around))
    _refuse_when_late(end)
    copied = replace(there, source="ref", ref="HEAD", moment="")
    return Standing(identities(check(copied, environ=environ)))


def _refuse_when_late(end: float) -> None:
    if monotonic() > end:
        raise DriftguardError("there is no time left for a look at the last commit")


def standing_at(request: Request, commit: str, environ: Mapping[str, str] = os.environ) -> Standing:
    """What another commit has, live aside; raises DriftguardError where it cannot be looked at."""
    there = replace(request, source="ref", ref=commit, live="off", fleet=(), base=None, ways_back=False)
    return Standing(identities(check(there, environ=environ)))


@contextmanager
def open_facts(
    request: Request, progress: Progress = silent, environ: Mapping[str, str] = os.environ
) -> Iterator[tuple[EnvironmentFacts, ...]]:
    """The facts of every environment of the request, for questions that no check asks; nothing is looked at yet."""
    with _scene(request, progress, environ, guest_process.start) as scene, ExitStack() as stack:
        yield tuple(EnvironmentFacts(scene, each, stack) for each in _environments(request, scene))


def export(request: Request, progress: Progress = silent, environ: Mapping[str, str] = os.environ) -> Export:
    """The facts of the live database that the request names, else of the one that env.py does.

    Only for the latter env.py runs, which takes a shadow. Raises DriftguardError.
    """
    with _scene(request, progress, environ, guest_process.start) as scene, ExitStack() as stack:
        chosen = _environments(request, scene)
        if len(chosen) > 1:
            names = listed([each.name for each in chosen])
            raise DriftguardError(f"there are several environments: {names}", "name one with -e NAME")
        try:
            return exported(EnvironmentFacts(scene, chosen[0], stack))
        except Unavailable as missing:
            raise DriftguardError(missing.problem.message, missing.problem.help) from missing


@contextmanager
def live_databases(
    request: Request, progress: Progress = silent, environ: Mapping[str, str] = os.environ
) -> Iterator[tuple[DirectDatabase, ...]]:
    """The live databases of the request's environments, without a look at anything; raises DriftguardError."""
    with _scene(request, progress, environ, guest_process.start) as scene, ExitStack() as stack:
        environments = [EnvironmentFacts(scene, each, stack) for each in _environments(request, scene)]
        try:
            found = tuple(database for each in environments for database in direct_databases(each))
        except Unavailable as missing:
            problem = missing.problem
            raise DriftguardError("\n".join((problem.message, *problem.details)), problem.help) from missing
        yield found


def neighbours(database: DatabaseFacts, everybody: tuple[EnvironmentFacts, ...]) -> list[Catalog]:
    """The head catalogs of other chains that live in the same database, as far as they can be had."""
    heads = []
    for facts in filter(lambda each: each.has_run, everybody):
        with suppress(Unavailable):  # told when that environment was looked at
            heads += [other.head for other in facts.databases if _share_database(other, database)]
    return heads


def check(request: Request, progress: Progress = silent, environ: Mapping[str, str] = os.environ) -> Verdict:
    """The verdict of one examination."""
    with examine(request, progress, environ) as examination:
        return examination.verdict


def stamps(
    request: Request, progress: Progress = silent, environ: Mapping[str, str] = os.environ
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What each live database of the request is called, and its stamp, () without one; raises Unavailable.

    Nothing where live databases are left alone.
    """
    with open_facts(request, progress, environ) as environments:
        for facts in environments:
            live = facts.scene.live_of(facts.settings)
            if live.wanted:
                with facts.failures():
                    for database in facts.databases:
                        read = LiveFacts(facts, database, live)
                        yield str(read.address), read.stamp or ()


@contextmanager
def _scene(request: Request, progress: Progress, environ: Mapping[str, str], start: Start) -> Iterator[Scene]:
    repository, settings = find_repository(request.root, environ), request.settings
    with ExitStack() as stack:
        tree: Tree = WorkingTree(request.root)
        root = request.root
        if request.source != "working" and repository is None:
            raise no_repository(request.root, environ)
        if request.source == "everything" and repository is not None:
            repository = stack.enter_context(everything_staged(repository, READ))
        if request.source == "last commit" and repository is not None:
            repository = stack.enter_context(last_commit_staged(repository))
        if request.source in IN_FOLDER and repository is not None:
            tree = IndexTree(repository)
        elif request.source in ("ref", "merged") and repository is not None:
            commit = request.ref
            if request.source == "merged":
                repository, commit = stack.enter_context(_merged(repository, request.ref))
            tree = RefTree(repository, commit)
            root = stack.enter_context(materialised(tree))
        base = cache(partial(_base_trees, request, repository, stack))
        if request.base:
            base()  # raises if there is no such branch
        yield Scene(
            root=root,
            home=request.root,
            tree=tree,
            repository=repository,
            settings=settings,
            environ=environ,
            cache_folder=cache_folder(environ),
            staged=request.source in IN_FOLDER,
            moment=Moment.HOOK if request.moment else Moment.COMMAND,
            live=request.live or ("off" if request.source in ("ref", "merged") else ""),
            progress=progress,
            start=start,
            began=_moment(repository) if request.source in IN_FOLDER else None,
            base=base,
            runs_code=any(is_told(code, settings.select, settings.ignore) for code in RUNNING),
            looks_at_live_alone=not any(is_told(code, settings.select, settings.ignore) for code in REPLAYED),
            compares_models=any(is_told(code, settings.select, settings.ignore) for code in MODELS),
            fleet=request.fleet,
        )


def _base_trees(request: Request, repository: Repository | None, stack: ExitStack) -> BaseTrees | None:
    """What the request wants to be compared with its base; raises DriftguardError."""
    if request.base is None or repository is None:
        return None
    if request.source == "working":
        repository = stack.enter_context(everything_staged(repository, READ))
    ref = request.ref if request.source == "ref" else "HEAD" if request.source == "merged" else ""
    return stack.enter_context(base_trees(repository, ref, request.base, request.settings.base))


@contextmanager
def _merged(repository: Repository, ref: str) -> Iterator[tuple[Repository, str]]:
    with merged(repository, repository.resolve("HEAD"), repository.resolve(ref)) as merge:
        if merge.conflicts:
            raise DriftguardError(
                f"git cannot merge {ref} by itself: {listed(merge.conflicts)} in conflict", f"git merge {ref}"
            )
        yield merge.repository, merge.commit


def _moment(repository: Repository | None) -> int | None:
    return None if repository is None else Shelf(str(repository.git_folder / "driftguard")).moment()


def _environments(request: Request, scene: Scene) -> tuple[Environment, ...]:
    found = discover(scene.tree, scene.settings, scene.environ)
    if not found and request.moment:
        return ()
    return choose(scene.tree, scene.settings, found, request.environments)


def _look_at_environment(facts: EnvironmentFacts, outcome: Outcome, undoes: bool) -> None:
    """Graph, replay and models. A graph that Alembic cannot load ends the look."""
    before = len(outcome.findings)
    name = facts.environment.name
    outcome.notes += facts.environment.problems
    lacking = False
    untracked: tuple[Place, ...] = ()
    if facts.scene.runs_code and _is_torn(facts):
        outcome.notes.append(TORN.format(name))
    elif facts.scene.runs_code:
        with _unavailable_told(outcome, name):
            lacking = _look_at_models(facts, outcome)
            untracked = facts.untracked_models
    outcome.looked_at.add((name, Side.GRAPH))
    outcome.checked.append(f"{name}: graph of {counted(len(facts.graph.revisions), 'revision')}")
    given = graph_input(facts, models_lack_revision=lacking, untracked_models=untracked)
    graph = [replace(finding, environment=name) for check in GRAPH.values() for finding in check(given)]
    graph += _look_at_base(facts, given, outcome)
    outcome.findings[before:before] = graph
    if facts.scene.runs_code and _is_torn(facts):
        outcome.obstacles.append((name, tuple(each for each in graph if each.code in TEARING)))
    else:
        _look_at_order(facts, given, outcome)
        if undoes:
            _look_at_ways_back(facts, given, outcome)


def _look_at_ways_back(facts: EnvironmentFacts, given: GraphInput, outcome: Outcome) -> None:
    """New revisions on their way down and up again; what could not even be replayed was told before."""
    settings, name = facts.settings, facts.environment.name
    told = any(is_told(code, settings.select, settings.ignore) for code in WAY_BACK)
    new = new_revisions(given)
    if not told or not new or not facts.has_run or any(each.database.failure for each in facts.databases):
        return
    with _unavailable_told(outcome, name):
        found = ways_back(facts, given, new)
        part = f", the newest {ONE_BY_ONE} one by one" if len(new) > ONE_BY_ONE else ""
        outcome.checked.append(f"{name}: {counted(len(new), 'new revision')} down and up again{part}")
        for check in WAY_BACK.values():
            outcome.findings += [replace(finding, environment=name) for finding in check(found)]


def _look_at_order(facts: EnvironmentFacts, given: GraphInput, outcome: Outcome) -> None:
    """Whether it matters which side of a fork or a merge runs first; shadows are asked only for a rule that counts."""
    settings = facts.settings
    told = {code for code in ORDER if is_told(code, settings.select, settings.ignore)}
    if not told:
        return
    order, notes = order_input(facts, given, tries="DG407" in told and facts.scene.runs_code)
    outcome.notes += notes
    for encounter in (each for each in order.encounters if each.trials):
        one, other = encounter.meeting.ends
        outcome.checked.append(f"{facts.environment.name}: {one} before {other}, and the other way round")
    for check in ORDER.values():
        outcome.findings += [replace(each, environment=facts.environment.name) for each in check(order)]


def _look_at_base(facts: EnvironmentFacts, given: GraphInput, outcome: Outcome) -> list[Finding]:
    """What the branch does to the base branch's revisions, and what both would be together."""
    name = facts.environment.name
    try:
        trees = facts.scene.base()
    except DriftguardError as error:
        note = NOT_COMPARED.format(f"{error.message}; {error.hint}" if error.hint else error.message)
        outcome.notes += [note] if note not in outcome.notes else []
        return []
    if trees is None:
        return []
    if conflicts := conflicts_in(facts, trees):
        outcome.notes.append(CONFLICTS.format(name, listed(conflicts), trees.base.name))
    compared = base_input(facts, trees, given)
    outcome.bases[name] = Known(trees.base.name, frozenset(compared.tip.graph.by_id))
    outcome.checked.append(f"{name}: revisions against {trees.base.name}")
    return [replace(finding, environment=name) for check in BASE.values() for finding in check(compared)]


def _untold_obstacles(outcome: Outcome, verdict: Verdict) -> Iterator[Finding]:
    """That the rest was not compared, where what stands in its way is silenced, or let pass as known."""
    told = {each.finding.identity for each in verdict.findings if each.severity is Severity.ERROR}
    for environment, findings in outcome.obstacles:
        if told.isdisjoint(each.identity for each in findings):
            codes = ", ".join(sorted({each.code for each in findings}))
            command = f"driftguard check --select {codes.replace(' ', '')}"
            problem = Problem(environment, UNTOLD.format(codes), help="see what it says", commands=(command,))
            yield from (replace(each, environment=environment) for each in SETUP["DG901"](problem))


def _is_torn(facts: EnvironmentFacts) -> bool:
    """Whether Alembic would refuse to load the revisions at all."""
    graph = facts.graph
    return bool(graph.missing() or graph.cycles() or graph.duplicates() or graph.unreadable)


def _look_at_models(facts: EnvironmentFacts, outcome: Outcome) -> bool:
    """Whether one of the databases lacks a revision."""
    lacking = False
    outcome.notes += facts.notes
    outcome.notes += facts.run_notes
    for database in facts.databases:
        known = database.database
        if known.failure is not None:
            name = facts.environment.name
            failing = tuple(
                replace(each, environment=name, database=known.name)
                for each in failing_upgrade(facts.failed_upgrade(known.failure))
            )
            outcome.findings += failing
            outcome.obstacles.append((name, failing))
            with _unavailable_told(outcome, facts.environment.name), facts.failures():
                database.give_back(known.shadow)
            continue
        if not facts.scene.compares_models:
            continue
        with _unavailable_told(outcome, facts.environment.name), facts.failures():
            given = models_input(facts, database)
            if _compares_nothing(facts):
                database.must_compare()
            lacking = lacking or lacks_revision(given)
            outcome.looked_at |= {(facts.environment.name, side) for side in (Side.HEAD, Side.MODELS)}
            outcome.checked.append(_label(facts, known.name, f"models against head on {known.dialect}"))
            outcome.notes += database.notes
            for check in MODELS.values():
                for finding in check(given):
                    _add(outcome, finding, facts, known.name)
    return lacking


def _look_at_live(
    facts: EnvironmentFacts,
    everybody: tuple[EnvironmentFacts, ...],
    outcome: Outcome,
    strict_coverage: bool,
    before: Mapping[tuple[str, int], str],
) -> Iterator[LiveFacts]:
    """The databases that were looked at and may change, whether they could be read or not.

    ``before``: exact fingerprints of this moment, by ``LiveFacts.place``.
    """
    live = facts.scene.live_of(facts.settings)
    if not live.wanted or not facts.has_run or facts.run.stand_in:
        return  # what failed was told when the models were looked at
    if _compares_nothing(facts):
        return
    for database in facts.databases:
        known = database.database
        if known.failure is not None:
            continue
        others = neighbours(database, everybody)
        if facts.scene.fleet:
            with _unavailable_told(outcome, facts.environment.name, known.name):
                _look_at_fleet(facts, database, read_fleet(facts, database, others), outcome, strict_coverage)
            continue
        kind = FromFile if live.file else LiveFacts
        read = kind(facts, database, live, others)
        with _unavailable_told(outcome, facts.environment.name, known.name), facts.failures():
            read.fingerprint_before = before.get(read.place, "")
            database.confirm(read.taken.catalog)
            if read.taken.tenants:
                _look_at_fleet(facts, database, tenants_of(facts, database, others, read), outcome, strict_coverage)
            if not read.is_only_for_tenants:
                _look_at_one(facts, database, read, outcome, strict_coverage)
        if not live.file:
            yield read


def _compares_nothing(facts: EnvironmentFacts) -> bool:
    """Whether env.py lets nothing through, of any database: one of several may have no tables."""
    with suppress(Unavailable), facts.failures():
        return all(database.compares_nothing for database in facts.databases)
    return False


def _look_at_one(
    facts: EnvironmentFacts, database: DatabaseFacts, read: LiveFacts, outcome: Outcome, strict_coverage: bool
) -> None:
    """One live database."""
    name = database.database.name
    given = live_input(facts, database, read)
    outcome.looked_at.add((facts.environment.name, Side.LIVE))
    outcome.checked.append(_label(facts, name, read.label))
    _tell_ignored(facts, name, Counter(dict(given.ignored)), outcome)
    outcome.notes += read.notes
    outcome.standing(facts.environment.name, name or "live", given.stamp)
    for finding in (*_gaps(read, strict_coverage), *(each for check in LIVE.values() for each in check(given))):
        _add(outcome, finding, facts, name)


def _tell_ignored(facts: EnvironmentFacts, database: str, ignored: Counter[str], outcome: Outcome) -> None:
    outcome.patterns |= {(facts.environment.name, pattern) for pattern in ignored}
    for pattern, number in ignored.items():
        if number:
            outcome.checked.append(_label(facts, database, f"{counted(number, 'difference')} ignored by {pattern}"))


def _gaps(read: LiveFacts, strict_coverage: bool) -> list[Finding]:
    """What cannot be compared, where somebody wants to hear of it as of anything else."""
    return [finding for gap in read.gaps if strict_coverage for finding in SETUP["DG904"](gap)]


def _look_at_fleet(
    facts: EnvironmentFacts, database: DatabaseFacts, fleet: Fleet, outcome: Outcome, strict_coverage: bool
) -> None:
    """Many databases or tenants: what is the same of several is told once."""
    environment = facts.environment.name
    found = [(finding, names) for names, missing in fleet.lost for finding in SETUP[missing.code](missing.problem)]
    stamps: dict[str, tuple[str, ...] | None] = dict.fromkeys(fleet.names)
    ignored: Counter[str] = Counter()
    for group in fleet.groups:
        facts.renew()
        try:
            with facts.failures():
                given = live_input(facts, database, group.live)
        except Unavailable as missing:
            found += [(finding, group.names) for finding in SETUP[missing.code](missing.problem)]
            continue
        outcome.looked_at.add((environment, Side.LIVE))
        outcome.notes += group.live.notes
        ignored.update({pattern: number * len(group.names) for pattern, number in given.ignored})
        stamps |= dict.fromkeys(group.names, given.stamp)
        unnamed = given._replace(database="")
        found += [(finding, group.names) for check in LIVE.values() for finding in check(unnamed)]
        found += [(finding, group.names) for finding in _gaps(group.live, strict_coverage)]
    _tell_ignored(facts, database.database.name, ignored, outcome)
    for name, stamp in stamps.items():
        outcome.members.append(Member(environment, fleet.kind, name, stamp))
        outcome.standing(environment, name, stamp)
    outcome.checked.append(_label(facts, database.database.name, f"live, {counted(len(stamps), fleet.kind)}"))
    for finding in together(found):
        told = told_where(finding) if fleet.kind == TENANT else finding
        _add(outcome, told, facts, database.database.name)


def _share_database(other: DatabaseFacts, database: DatabaseFacts) -> bool:
    replayed = other.database.failure is None
    return other is not database and replayed and other.database.address == database.database.address


@contextmanager
def _unavailable_told(outcome: Outcome, environment: str, database: str = "") -> Iterator[None]:
    try:
        yield
    except Unavailable as missing:
        for finding in SETUP[missing.code](missing.problem):
            outcome.findings.append(replace(finding, environment=environment, database=database))


def _add(outcome: Outcome, finding: Finding, facts: EnvironmentFacts, database: str) -> None:
    outcome.findings.append(replace(finding, environment=facts.environment.name, database=database))


def _label(facts: EnvironmentFacts, database: str, what: str) -> str:
    name = f"{facts.environment.name}, {database}" if database else facts.environment.name
    return f"{name}: {what}"
