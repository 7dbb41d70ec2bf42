"""Where the facts come from: which files, which settings, which moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from driftguard.config import Settings
from driftguard.errors import DriftguardError
from driftguard.facts.base_trees import BaseTrees
from driftguard.facts.readings import Readings
from driftguard.findings import Severity
from driftguard.git import Repository, Tree
from driftguard.graph import Loaded
from driftguard.probe.guest_process import Start
from driftguard.shadow import Lifetime

Progress = Callable[[str], None]
NAMED = "env:"
"""What the name of a variable follows that holds a URL."""

EXPORTED = "facts:"
"""What the path of a file follows that holds exported facts."""


class Moment(StrEnum):
    """Why we look: somebody asked on the command line, or git runs a hook."""

    COMMAND = "command"
    HOOK = "hook"


@dataclass(frozen=True, slots=True)
class Live:
    """Which live database to compare: ``url`` "" is the one of env.py.

    ``unset`` is the environment variable that should hold the URL and does not; ``severity`` is how much it weighs if
    the database cannot be reached. ``name`` tells it from others, "" where it is the only one. ``file`` holds exported
    facts that are to be compared in its place.
    """

    wanted: bool = True
    url: str = ""
    unset: str = ""
    severity: Severity = Severity.NOTE
    name: str = ""
    file: Path | None = None

    @property
    def is_reachable(self) -> bool:
        """Whether env.py's own may be asked which version it has."""
        return self.wanted and self.file is None

    def renamed(self, name: str) -> Live:
        """The same by another name."""
        return replace(self, name=name)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that a check is about.

    ``root`` is the folder whose files the guest runs: the repository, or a commit's files in a temporary folder;
    ``home`` is where the user's own checkout and virtual environment are. ``staged``: ``tree`` is the index, and the
    guest sees staged contents in place of the working tree's. ``began``: the file system's time before anything was
    looked at, in nanoseconds; None where the git folder cannot be written to. ``base`` gives the trees of the base
    branch, None where there is none to compare with; it may raise DriftguardError. ``runs_code``: without it, nothing
    of the project may be run; ``compares_models``: with it, the models are compared with head;
    ``looks_at_live_alone``: nothing else needs to be run. ``fleet``: the live databases, where several were named.
    ``readings``: those of earlier looks. ``lifetime``: of the process, if it looks again and again.
    ``graphs``: as in ``Lasting``.
    """

    root: Path
    home: Path
    tree: Tree
    repository: Repository | None
    settings: Settings
    environ: Mapping[str, str]
    cache_folder: Path
    staged: bool
    moment: Moment
    live: str
    progress: Progress
    start: Start
    began: int | None
    base: Callable[[], BaseTrees | None]
    runs_code: bool = True
    compares_models: bool = True
    looks_at_live_alone: bool = False
    fleet: tuple[Live, ...] = ()
    readings: Readings = field(default_factory=Readings)
    lifetime: Lifetime | None = None
    graphs: dict[tuple[tuple[str, ...], bool], Loaded] = field(default_factory=dict)

    def live_of(self, settings: Settings) -> Live:
        """What ``--live`` or the setting ``live`` says; raises DriftguardError for what cannot be a URL.

        A commit is not stopped by a database that is away, unless the user said so; a check that names one is.
        """
        if self.fleet:
            return next((each for each in self.fleet if each.url), self.fleet[0])
        wanted = self.live or settings.live
        in_hook = self.moment is Moment.HOOK and not self.live
        if wanted == "off" or (in_hook and settings.live_in_hook == "off"):
            return Live(wanted=False)
        fails = settings.live_in_hook == "error" if in_hook else bool(wanted)
        severity = Severity.ERROR if fails else Severity.NOTE
        if wanted.startswith(EXPORTED):
            return Live(file=self.home / wanted.removeprefix(EXPORTED), severity=severity)
        if not wanted.startswith(NAMED):
            return Live(url=_url(wanted, "--live"), severity=severity)
        name = wanted.removeprefix(NAMED)
        url = self.environ.get(name) or dict(settings.env).get(name)
        if url:
            return Live(url=_url(url, f"the environment variable {name}"), severity=severity)
        if in_hook:
            return Live(unset=name, severity=severity)
        raise DriftguardError(
            f"the live database is to come from the environment variable {name}, which is not set",
            f"export {name}=…, or check without it: driftguard check --live off",
        )


def _url(text: str, source: str) -> str:
    """The text, if it looks like a URL or is empty; a refusal never repeats it, for it may hold a password."""
    if text and "://" not in text:
        raise DriftguardError(f"{source} holds no database URL", 'such as postgresql://user@host/name; or say "off"')
    return text
