"""Git: the repository around a folder, and the files of its working tree, its index, or any commit."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import threading
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from posixpath import dirname, isabs, join, normpath
from typing import NamedTuple, Protocol

from driftguard.errors import DriftguardError
from driftguard.process import scratch

SKIPPED_FOLDERS = frozenset({".git", "node_modules", "__pycache__"})
INDEX_ENTRIES = ("ls-files", "-s", "-z")
DEADLINE = 60.0
LOGGED = "commit:"
LOG = (
    *("log", "-z", "--root", "--no-color", "--no-show-signature", "--no-ext-diff", "--no-textconv"),
    *("--encoding=UTF-8", "--date=short", f"--format={LOGGED}%H%n%an%n%cd%n%B"),
)
MOST_LINKS = 40
LINK, FILES = "120000", ("100644", "100755", "120000")
FEW_BLOBS, MOST_BLOBS, SMALL_BLOB = 16, 128, 1 << 16
"""How many contents are remembered of one question, and in all; bytes of one."""

_known_blobs: dict[str, bytes] = {}
EMPTY_BLOBS = (
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)
# What git tells a hook about the repository that it runs for; wrong for any other repository.
# Source: `git rev-parse --local-env-vars`, without the ones that only carry configuration.
LOCAL_VARIABLES = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)


Signature = tuple[int | str, ...]
"""What tells whether a file's contents are still those that were read: git's id of them, or what stat(2) says."""

STILL = 2_000_000_000
"""Nanoseconds after which a change cannot bear the time of an earlier one: some file systems count in such steps."""


class Tree(Protocol):
    """Files of a project; paths are relative to its root with ``/`` between folders, ``"."`` is the root."""

    @property
    def label(self) -> str:
        """What these files are, in the user's words."""
        ...

    def read(self, path: str) -> bytes | None:
        """One file, None where there is none."""
        ...

    def read_many(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The files that exist among ``paths``, cheaper than one by one."""
        ...

    def blob_ids(self, paths: Iterable[str]) -> dict[str, str]:
        """For the files that exist among ``paths``: what git would call their contents."""
        ...

    def files(self, folder: str, *, recursive: bool) -> tuple[str, ...]:
        """Paths of the files in a folder, sorted; none where there is no such folder."""
        ...

    def signatures(self, paths: Iterable[str]) -> dict[str, Signature]:
        """Those of the files that exist among ``paths``, to be asked for before they are read.

        A file that changed a moment ago has none: it may change again without that showing.
        """
        ...


@dataclass(frozen=True)
class WorkingTree:
    """The files as they lie in the folder ``root``; needs no git."""

    root: Path

    @property
    def label(self) -> str:
        return "working tree"

    def read(self, path: str) -> bytes | None:
        try:
            return (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise _unreadable(path, error) from error

    def read_many(self, paths: Iterable[str]) -> dict[str, bytes]:
        return {path: content for path in paths if (content := self.read(path)) is not None}

    def blob_ids(self, paths: Iterable[str]) -> dict[str, str]:
        return {path: _blob_id(content) for path, content in self.read_many(paths).items()}

    def files(self, folder: str, *, recursive: bool) -> tuple[str, ...]:
        """Sorted paths; leaves out ``.git``, ``node_modules`` and virtualenvs, descends into no symbolic link."""
        found: list[str] = []
        left = [normpath(folder)]
        while left:
            here = left.pop()
            for entry in self._entries(here):
                path = entry.name if here == "." else f"{here}/{entry.name}"
                if entry.is_file():
                    found.append(path)
                elif recursive and entry.is_dir(follow_symlinks=False) and _is_searched(entry):
                    left.append(path)
        return tuple(sorted(found))

    def signatures(self, paths: Iterable[str]) -> dict[str, Signature]:
        still, top = time.time_ns() - STILL, f"{self.root}/"
        signatures: dict[str, Signature] = {}
        for path in paths:
            with suppress(OSError, ValueError):
                found = os.stat(top + path)  # noqa: PTH116  (of thousands of files, for which Path is slow)
                if found.st_ctime_ns < still and found.st_mtime_ns < still:
                    times = found.st_mtime_ns, found.st_ctime_ns
                    signatures[path] = (*times, found.st_size, found.st_ino, found.st_dev)
        return signatures

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                return list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise _unreadable(folder, error) from error


def _blob_id(content: bytes) -> str:
    """As in a repository of git's usual object format (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _unreadable(path: str, error: OSError) -> DriftguardError:
    return DriftguardError(f"{path} cannot be read: {error.strerror}", "check its permissions")


def _is_searched(entry: os.DirEntry[str]) -> bool:
    return entry.name not in SKIPPED_FOLDERS and not os.path.lexists(join(entry.path, "pyvenv.cfg"))


class Changes(NamedTuple):
    """Where the working tree differs from the index: paths relative to the root, sorted.

    ``untracked`` leaves out what git ignores, and has what was only announced with ``git add -N``.
    """

    modified: tuple[str, ...]
    deleted: tuple[str, ...]
    untracked: tuple[str, ...]


class Ref(NamedTuple):
    """A local or remote branch (``main``, ``origin/main``) and its commit id."""

    name: str
    commit: str


class Branch(NamedTuple):
    """A local or remote branch, as ``Ref``. ``remote`` is "" for local ones.

    ``upstream`` is the branch that it follows, ``alias_of`` the one that it is but another name of; "" for none.
    """

    name: str
    commit: str
    remote: str = ""
    is_checked_out: bool = False
    upstream: str = ""
    alias_of: str = ""


class Commit(NamedTuple):
    """One commit; ``date`` is the committer's day, ``2026-01-31``, ``body`` what its message says below the subject."""

    id: str
    author: str
    date: str
    subject: str
    body: str = ""

    def __str__(self) -> str:
        return f"commit {self.id[:7]} ({self.author}, {self.date})"


class Change(NamedTuple):
    """What a commit did to a file: ``status`` begins with git's letter (A, M, D, R), ``was`` is its path before."""

    status: str
    path: str
    was: str = ""


class Logged(NamedTuple):
    """A commit of a log, and what it did to which files where that was asked for."""

    commit: Commit
    changes: tuple[Change, ...] = ()


class Step(NamedTuple):
    """One entry of a reflog (``HEAD@{2}``): what was done then, and the commit that it led to."""

    name: str
    commit: str
    parents: tuple[str, ...]
    deed: str


class Worktree(NamedTuple):
    """One of the repository's working trees; ``branch`` is "" where none is checked out."""

    path: Path
    commit: str
    branch: str


@dataclass(frozen=True)
class Repository:
    """One repository. ``root`` is the top of its work tree; of a bare repository, its git folder.

    ``environ`` is what git is run with: this repository's own index and nothing of another repository. All of its
    worktrees share ``common_folder``, which is the ``git_folder`` of the first one.
    """

    root: Path
    git_folder: Path
    bare: bool
    environ: Mapping[str, str]
    common_folder: Path

    def run(self, *arguments: str, stdin: bytes = b"", deadline: float = DEADLINE) -> bytes:
        """The output of one git command at the root; DriftguardError in git's own words when it fails."""
        done = self.ask(*arguments, stdin=stdin, deadline=deadline)
        if done.returncode:
            raise _failure(arguments, done.stderr)
        return done.stdout

    def ask(
        self, *arguments: str, stdin: bytes = b"", deadline: float = DEADLINE
    ) -> subprocess.CompletedProcess[bytes]:
        """One git command at the root, however it ends."""
        return _git(arguments, self.root, self.environ, stdin=stdin, deadline=deadline)

    @property
    def work_tree(self) -> Path:
        """The root, or DriftguardError for a bare repository, which has no files to look at."""
        if self.bare:
            raise DriftguardError(
                f"{self.root} is a bare repository: it has no working tree",
                "run this in a clone, or name a commit with --ref",
            )
        return self.root

    @property
    def head(self) -> str | None:
        """The id of the commit that is checked out; None before the first commit."""
        done = self.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return _line(done.stdout) if done.returncode == 0 else None

    @property
    def branch(self) -> str | None:
        """The name of the branch that is checked out; None when HEAD is detached."""
        done = self.ask("symbolic-ref", "--quiet", "--short", "HEAD")
        return _line(done.stdout) if done.returncode == 0 else None

    @property
    def hooks_folder(self) -> Path:
        """Where git looks for hooks: ``core.hooksPath``, or the folder that all worktrees share."""
        return self.git_path("hooks")

    @property
    def main_work_tree(self) -> Path:
        """The top of the repository's first work tree, which is ``root`` itself unless this is a linked one."""
        common = self.common_folder
        return common.resolve().parent if common.name == ".git" else self.root

    @property
    def objects_folder(self) -> Path:
        """Where git writes new objects."""
        return self.root / self.environ.get("GIT_OBJECT_DIRECTORY", self.common_folder / "objects")

    def git_path(self, name: str) -> Path:
        """A path in the git folder, this worktree's or the shared one as git decides."""
        return self.root / _line(self.run("rev-parse", "--git-path", name))

    def resolve(self, ref: str) -> str:
        """The commit id that ``ref`` names; DriftguardError if there is none."""
        done = self.ask("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        if ref.startswith("-") or done.returncode:
            import difflib  # only for what is going to fail

            alike = difflib.get_close_matches(ref, [each.name for each in self.refs()], n=1)
            hint = f"did you mean {alike[0]}?" if alike else "fetch it first, for example: git fetch origin"
            if not self.refs():
                hint = "there is no commit yet; --staged checks what the first one will hold"
            raise DriftguardError(f"git knows no commit called {ref!r}", hint)
        return _line(done.stdout)

    def find(self, ref: str) -> str | None:
        """The commit id that ``ref`` names; None if there is none."""
        done = self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        return _line(done.stdout) if done.returncode == 0 else None

    @property
    def upstream(self) -> str | None:
        """The branch that the present one follows, such as ``origin/main``; None if it follows none."""
        done = self.ask("rev-parse", "--abbrev-ref", "--symbolic-full-name", "@{upstream}")
        return _line(done.stdout) if done.returncode == 0 else None

    def branches(self, *patterns: str) -> tuple[Branch, ...]:
        """The local and remote branches that match a pattern, such as ``refs/heads`` or ``refs/remotes/*/main``."""
        form = "%00".join(("%(refname)", "%(objectname)", "%(HEAD)", "%(upstream)", "%(symref)"))
        listing = self.run("for-each-ref", f"--format={form}", *patterns)
        return tuple(_branch(os.fsdecode(line).split("\0")) for line in listing.splitlines())

    @property
    def is_shallow(self) -> bool:
        """Whether older commits were left on the server."""
        return _line(self.run("rev-parse", "--is-shallow-repository")) == "true"

    def merge_bases(self, one: str, other: str) -> tuple[str, ...]:
        """The best common ancestors of two commits; several after merges crosswise, none for unrelated histories."""
        done = self.ask("merge-base", "--all", one, other)
        if done.returncode > 1:
            raise _failure(("merge-base",), done.stderr)
        return tuple(os.fsdecode(done.stdout).split())

    def refs(self) -> tuple[Ref, ...]:
        """Local and remote branches, the most recently committed first."""
        listing = self.run(
            "for-each-ref",
            "--sort=-committerdate",
            "--format=%(refname:short)%00%(objectname)%00%(symref)",
            "refs/heads",
            "refs/remotes",
        )
        rows = (os.fsdecode(line).split("\0") for line in listing.splitlines())
        return tuple(Ref(name, commit) for name, commit, alias in rows if not alias)

    def tracked(self, path: str) -> bool:
        """Whether the index has ``path``."""
        return bool(self.run("ls-files", "-z", "--", path))

    def staged(self, paths: Iterable[str]) -> frozenset[str]:
        """Which of ``paths`` the next commit adds or changes."""
        among = sorted(paths)
        if not among or self.head is None:
            return frozenset(among)
        compared = self.run("diff-index", "--cached", "--name-only", "--no-renames", "-z", "HEAD", "--", *among)
        return frozenset(_split(compared))

    @property
    def hides_changes(self) -> bool:
        """Whether git was told not to look at some files (``--assume-unchanged``, ``--skip-worktree``, sparse)."""
        return any(not entry.startswith("H ") for entry in _split(self.run("ls-files", "-v", "-z")))

    def ignored(self, paths: Iterable[str]) -> frozenset[str]:
        """Which of ``paths`` git ignores."""
        among = _join(paths)
        if not among:
            return frozenset()
        # It takes its input literally anyway, and refuses to be told so.
        environ = {**self.environ, "GIT_LITERAL_PATHSPECS": "0"}
        done = _git(("check-ignore", "-z", "--stdin"), self.root, environ, stdin=among)
        if done.returncode > 1:
            raise _failure(("check-ignore",), done.stderr)
        return frozenset(_split(done.stdout))

    def unstaged(self) -> Changes:
        """How the working tree differs from the index, as it was when it was asked first; never writes the index."""
        self.work_tree  # noqa: B018  (raises for a bare repository)
        return self._unstaged

    @cached_property
    def _unstaged(self) -> Changes:
        wide = ("--untracked-files=all", "--no-renames", "--ignore-submodules=all")
        status = _split(self.run("status", "--porcelain=v1", "-z", *wide))
        return Changes(*(tuple(sorted(e[3:] for e in status if e[1] in kind)) for kind in ("MTU", "D", "?A")))

    def grep(self, texts: Sequence[str], commits: Sequence[str], folders: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """(commit, path) of the files in ``folders`` that contain one of ``texts``; at most ten seconds."""
        patterns = [argument for text in texts for argument in ("-e", text)]
        done = self.ask("grep", "-l", "-z", "-I", "-F", *patterns, *commits, "--", *folders, deadline=10)
        hits = (hit.partition(":") for hit in _split(done.stdout))
        return tuple((commit, path) for commit, _, path in hits)

    def files_with(self, text: str, tree: Tree) -> tuple[str, ...]:
        """The files of ``tree`` in which ``text`` stands, as far as git knows or could know them; sorted."""
        match tree:
            case RefTree():
                where = [tree.commit]
            case IndexTree():
                where = ["--cached"]
            case _:
                where = ["--untracked"]
        done = self.ask("grep", "-l", "-z", "-I", "-F", "-e", text, *where)
        prefix = f"{tree.commit}:" if isinstance(tree, RefTree) else ""
        return tuple(sorted(path.removeprefix(prefix) for path in _split(done.stdout)))

    def deletions(self, text: str, folders: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """(commit, path) where a file in ``folders`` that contained ``text`` was deleted, newest first.

        Takes at most ten seconds, or raises DriftguardError.
        """
        log = self.run(
            "log", "--all", "--diff-filter=D", "--no-renames", "-n", "5", "-z", f"-S{text}", "--name-only",
            "--format=commit:%H", "--", *folders, deadline=10,
        )  # fmt: skip
        found, commit = [], ""
        for field in _split(log):
            if field.startswith("commit:"):
                commit = field.removeprefix("commit:")
            elif path := field.removeprefix("\n"):
                found.append((commit, path))
        return tuple(found)

    def history(self, *arguments: str, deadline: float = DEADLINE) -> tuple[Logged, ...]:
        """What ``git log`` answers to these arguments, whatever the user's settings for it are."""
        return tuple(_read_log(_split(self.run(*LOG, *arguments, deadline=deadline))))

    def parents(self, *revisions: str, deadline: float = DEADLINE) -> dict[str, tuple[str, ...]]:
        """The parents of each commit that ``git rev-list`` finds, every commit behind its parents."""
        listing = self.run("rev-list", "--parents", "--topo-order", "--reverse", *revisions, deadline=deadline)
        rows = (os.fsdecode(line).split() for line in listing.splitlines())
        return {commit: tuple(parents) for commit, *parents in rows}

    def fork_of(self, *commits: str) -> tuple[str, ...]:
        """The best common ancestors of all these commits, which may be one of them; none for unrelated histories."""
        done = self.ask("merge-base", "--all", "--octopus", *commits)
        return tuple(os.fsdecode(done.stdout).split())

    def named_commits(self) -> tuple[Ref, ...]:
        """Everything that has a name (branches, tags, the last stash), by its full name, the newest first."""
        listing = self.run(
            "for-each-ref", "--sort=-creatordate", "--format=%(refname)%00%(objectname)%00%(*objectname)%00%(symref)"
        )
        rows = (os.fsdecode(line).split("\0") for line in listing.splitlines())
        return tuple(Ref(name, peeled or object_) for name, object_, peeled, alias in rows if not alias)

    def reflog(self, ref: str) -> tuple[Step, ...]:
        """The last thousand entries of a reflog, the newest first; none where there is no reflog."""
        done = self.ask("log", "-g", "-n", "1000", "--no-show-signature", "--format=%H%x00%P%x00%gs", ref, "--")
        rows = (os.fsdecode(line).split("\0") for line in done.stdout.splitlines() if not done.returncode)
        return tuple(
            Step(f"{ref.removeprefix('refs/')}@{{{number}}}", commit, tuple(parents.split()), deed)
            for number, (commit, parents, deed) in enumerate(rows)
        )

    def worktrees(self) -> tuple[Worktree, ...]:
        """All working trees of the repository, the first one first."""
        blocks = os.fsdecode(self.run("worktree", "list", "--porcelain")).split("\n\n")
        rows = (dict(line.partition(" ")[::2] for line in block.splitlines()) for block in blocks if block)
        return tuple(
            Worktree(Path(row["worktree"]), row.get("HEAD", ""), row.get("branch", "").removeprefix("refs/heads/"))
            for row in rows
        )

    def dangling_commits(self, deadline: float) -> tuple[str, ...]:
        """Commits that nothing leads to any more, no reflog either; raises DriftguardError when it takes longer."""
        done = self.ask("fsck", "--connectivity-only", "--no-progress", deadline=deadline)
        lines = (os.fsdecode(line).split(" ") for line in done.stdout.splitlines())
        return tuple(words[2] for words in lines if words[:2] == ["dangling", "commit"])

    def read_each(self, names: Iterable[str]) -> dict[str, bytes]:
        """The files that exist among ``names`` (``COMMIT:PATH``), in one ``git cat-file --batch``."""
        wanted = [name for name in dict.fromkeys(names) if "\n" not in name]
        if not wanted:
            return {}
        stdin = b"".join(os.fsencode(name) + b"\n" for name in wanted)
        return _read_batch(wanted, self.run("cat-file", "--batch=%(objecttype) %(objectsize)", stdin=stdin))

    def read_at(self, commit: str, path: str) -> bytes | None:
        """One file of one commit, None where there is none."""
        done = self.ask("cat-file", "blob", f"{commit}:{path}")
        return done.stdout if done.returncode == 0 else None

    def last_commit(self, path: str, ref: str = "HEAD") -> Commit | None:
        """The newest commit that touched ``path``; None where there is none."""
        return next(self._commits(ref, path), None)

    def commit(self, ref: str) -> Commit | None:
        """The commit that ``ref`` names."""
        return next(self._commits(ref, ""), None)

    def _commits(self, ref: str, path: str) -> Iterator[Commit]:
        # Imported here: it takes longer than all of the commands above, and only findings need it.
        import git

        with git.Repo(self.git_folder) as repository:
            repository.git.update_environment(**self._absolute_environ())
            try:
                for each in repository.iter_commits(ref, path, max_count=1):
                    day = each.committed_datetime.date().isoformat()
                    yield Commit(each.hexsha, str(each.author.name), day, str(each.summary))
            except (git.GitError, ValueError):
                return

    def _absolute_environ(self) -> dict[str, str]:
        """For GitPython, which can add variables to its own environment but take none away."""
        wanted = {"GIT_DIR": str(self.git_folder), "GIT_LITERAL_PATHSPECS": "1"}
        return wanted if self.bare else {**wanted, "GIT_WORK_TREE": str(self.root)}

    def branches_with(self, commit: str) -> tuple[str, ...]:
        """Names of the local and remote branches that contain ``commit``, the newest first."""
        names = self.run(
            "for-each-ref", "--sort=-committerdate", f"--contains={commit}",
            "--format=%(refname:short)%00%(symref)", "refs/heads", "refs/remotes",
        )  # fmt: skip
        rows = (os.fsdecode(line).split("\0") for line in names.splitlines())
        return tuple(name for name, alias in rows if not alias)


class _Blob(NamedTuple):
    mode: str
    id: str


class _BlobTree:
    """Files that git stores, given their listing; links are followed as far as they stay inside the tree.

    ``asked`` are the paths that were read until now, whether they exist or not.
    """

    def __init__(self, repository: Repository, label: str, listing: Mapping[str, _Blob]) -> None:
        self.repository = repository
        self.label = label
        self.asked: set[str] = set()
        self._listing = listing
        self._contents: dict[str, bytes | None] = {}

    @cached_property
    def _paths(self) -> list[str]:
        return sorted(self._listing)

    @cached_property
    def _links(self) -> dict[str, str]:
        links = {path: blob.id for path, blob in self._listing.items() if blob.mode == LINK}
        targets = _blobs(self.repository, links.values())
        return {path: os.fsdecode(targets[blob]) for path, blob in links.items()}

    def read(self, path: str) -> bytes | None:
        """One file; those that are read one by one are few, and some of them are asked for again."""
        if path not in self._contents:
            self._contents[path] = self.read_many([path]).get(path)
        return self._contents[path]

    def read_many(self, paths: Iterable[str]) -> dict[str, bytes]:
        asked = tuple(paths)
        self.asked.update(asked)
        ids = {path: blob.id for path in asked if (blob := self._find(path))}
        contents = _blobs(self.repository, ids.values())
        return {path: contents[blob] for path, blob in ids.items()}

    def blob_ids(self, paths: Iterable[str]) -> dict[str, str]:
        asked = tuple(paths)
        self.asked.update(asked)
        return {path: blob.id for path in asked if (blob := self._find(path))}

    def signatures(self, paths: Iterable[str]) -> dict[str, Signature]:
        return {path: (blob.id,) for path in paths if (blob := self._find(path))}

    def files(self, folder: str, *, recursive: bool) -> tuple[str, ...]:
        asked, real = normpath(folder), self._follow(normpath(folder))
        if real is None:
            return ()
        start, shown = ("" if each == "." else f"{each}/" for each in (real, asked))
        inside = (path.removeprefix(start) for path in self._below(start))
        wanted = (rest for rest in inside if recursive or "/" not in rest)
        return tuple(f"{shown}{rest}" for rest in wanted if self._find(start + rest))

    def _below(self, start: str) -> Iterator[str]:
        for place in range(bisect_left(self._paths, start), len(self._paths)):
            if not self._paths[place].startswith(start):
                return
            yield self._paths[place]

    def _find(self, path: str) -> _Blob | None:
        real = self._follow(normpath(path))
        return None if real is None else self._listing.get(real)

    def _follow(self, path: str) -> str | None:
        if not self._links:
            return path
        for _ in range(MOST_LINKS):
            link = next((each for each in _prefixes(path) if each in self._links), None)
            if link is None:
                return path
            path = normpath(join(dirname(link), self._links[link], path[len(link) + 1 :]))
            if isabs(path) or path.startswith("../"):
                return None
        return None


class IndexTree(_BlobTree):
    """What a commit made now would contain (``GIT_INDEX_FILE`` counts); of a conflict, our side.

    ``entries`` is the index as ``git ls-files -s -z`` lists it, ``head`` the commit that was checked out then.
    """

    def __init__(self, repository: Repository) -> None:
        self.head = repository.head
        self.entries = repository.run(*INDEX_ENTRIES)
        super().__init__(repository, "index", _read_index(repository, self.entries))

    def is_what_is_staged(self) -> bool:
        """Whether neither the index nor the last commit has become another one."""
        return (self.repository.head, self.repository.run(*INDEX_ENTRIES)) == (self.head, self.entries)


class RefTree(_BlobTree):
    """The files of one commit, by any name that git knows for it."""

    def __init__(self, repository: Repository, ref: str) -> None:
        self.commit = repository.resolve(ref)
        listing = repository.run("ls-tree", "-r", "-z", "--full-tree", self.commit)
        fields = (entry.partition("\t") for entry in _split(listing))
        blobs = {path: _Blob(*head.split(" ")[::2]) for head, _, path in fields if head.startswith(FILES)}
        super().__init__(repository, ref, blobs)

    def materialise(self, folder: Path) -> None:
        """Write all files into ``folder`` (made if absent) as a checkout would, away from the user's index."""
        folder.mkdir(parents=True, exist_ok=True)
        with scratch("index") as temporary:
            environ = {
                **self.repository.environ,
                "GIT_DIR": str(self.repository.git_folder),
                "GIT_WORK_TREE": str(folder),
                "GIT_INDEX_FILE": str(temporary / "index"),
            }
            off = ("core.splitIndex", "core.fsmonitor", "core.sparseCheckout")
            settings = [part for name in off for part in ("-c", f"{name}=false")]
            for arguments in (("read-tree", self.commit), ("checkout-index", "--all", "--force", "--quiet")):
                done = _git((*settings, *arguments), folder, environ)
                if done.returncode:
                    raise _failure(arguments, done.stderr)


@contextmanager
def materialised(tree: RefTree) -> Iterator[Path]:
    """A temporary folder with all files of ``tree``."""
    with scratch("tree") as folder:
        tree.materialise(folder)
        yield folder


@contextmanager
def everything_staged(repository: Repository, endings: tuple[str, ...]) -> Iterator[Repository]:
    """The repository with an index as ``git add --all`` would make it, for files with these ``endings``.

    That index and its new objects lie in a temporary folder; the real ones stay as they are.
    """
    with scratch("index") as temporary:
        index, objects = temporary / "index", temporary / "objects"
        objects.mkdir()
        with suppress(FileNotFoundError):  # before the first `git add`
            # With its time, by which git knows what may have changed after it was written.
            shutil.copy2(repository.environ.get("GIT_INDEX_FILE") or repository.git_folder / "index", index)
        environ = {
            **repository.environ,
            "GIT_INDEX_FILE": str(index),
            "GIT_OBJECT_DIRECTORY": str(objects),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(repository.objects_folder),
        }
        staged = replace(repository, environ=environ)
        changes = repository.unstaged()
        changed = (*changes.modified, *changes.deleted, *changes.untracked)
        wanted = _join(path for path in changed if path.endswith(endings))
        staged.run("update-index", "--add", "--remove", "-z", "--stdin", stdin=wanted)
        left = Changes(*(tuple(path for path in paths if not path.endswith(endings)) for paths in changes))
        vars(staged)["_unstaged"] = left  # what git would be asked for
        yield staged


@contextmanager
def last_commit_staged(repository: Repository) -> Iterator[Repository]:
    """The repository with an index that holds the last commit; the real one stays as it is."""
    with scratch("index") as temporary:
        index = temporary / "index"
        with suppress(FileNotFoundError):  # what is the same in both needs no second look
            shutil.copy2(repository.environ.get("GIT_INDEX_FILE") or repository.git_path("index"), index)
        environ = {**repository.environ, "GIT_INDEX_FILE": str(index)}
        indexed = replace(repository, environ=environ)
        indexed.run("-c", "core.splitIndex=false", "-c", "core.fsmonitor=false", "read-tree", "--reset", "HEAD")
        yield indexed


def find_repository(cwd: Path, environ: Mapping[str, str] = os.environ) -> Repository | None:
    """The repository that ``cwd`` lies in; None where there is none, or no git at all.

    ``environ`` may come from a hook of this repository, whose index counts then, or of another one, which is
    left aside. Raises DriftguardError for a repository that git refuses to read.
    """
    if shutil.which("git", path=environ.get("PATH")) is None:
        return None
    clean = {key: value for key, value in environ.items() if key not in LOCAL_VARIABLES}
    clean |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_LITERAL_PATHSPECS": "1", "GIT_TERMINAL_PROMPT": "0"}
    around = _discover(cwd, clean)
    named = _named_by(environ, cwd)
    if named and (around is None or Path(named["GIT_WORK_TREE"]).is_relative_to(around.root)):
        around = _discover(cwd, clean | named)
    return around and _with_index(around, environ, cwd)


def no_repository(folder: Path, environ: Mapping[str, str] = os.environ) -> DriftguardError:
    """Why ``find_repository`` gave None for this folder, as what to raise where one is needed."""
    if shutil.which("git", path=environ.get("PATH")) is None:
        return DriftguardError("git is not on PATH", "install git; `driftguard check` alone does without it")
    return DriftguardError(f"{folder} is in no git repository", "run `git init`, or name another folder with -C")


def _discover(cwd: Path, environ: Mapping[str, str]) -> Repository | None:
    asked = ("rev-parse", "--is-bare-repository", "--absolute-git-dir", "--show-toplevel", "--git-common-dir")
    done = _git(asked, cwd, environ)
    match os.fsdecode(done.stdout).split("\n"):
        case ["false", git_folder, top, common, ""] if done.returncode == 0:
            return Repository(Path(top), Path(git_folder), False, environ, cwd.resolve() / common)
    if b"not a git repository (or any" in done.stderr:
        return None
    return _discover_without_work_tree(cwd, environ)


def _discover_without_work_tree(cwd: Path, environ: Mapping[str, str]) -> Repository:
    """Of a bare repository; also of one whose path has line breaks, and of what git refuses."""
    done = _git(("rev-parse", "--is-bare-repository", "--absolute-git-dir"), cwd, environ)
    if done.returncode:
        raise _failure(("rev-parse",), done.stderr, cwd)
    bare, _, folder = os.fsdecode(done.stdout).partition("\n")
    git_folder = Path(folder.removesuffix("\n"))
    common = cwd.resolve() / _line(_git(("rev-parse", "--git-common-dir"), cwd, environ).stdout)
    if bare == "true":
        return Repository(git_folder, git_folder, True, environ, common)
    top = _git(("rev-parse", "--show-toplevel"), cwd, environ)
    if top.returncode:
        raise DriftguardError(f"{cwd} is inside a git folder", "run this in the repository's working tree")
    return Repository(Path(_line(top.stdout)), git_folder, False, environ, common)


def _named_by(environ: Mapping[str, str], cwd: Path) -> dict[str, str]:
    """The repository that the user chose with both variables, if ``cwd`` lies in its work tree."""
    names = ("GIT_DIR", "GIT_WORK_TREE")
    chosen = {name: str((cwd / environ[name]).resolve()) for name in names if environ.get(name)}
    return chosen if len(chosen) == 2 and cwd.resolve().is_relative_to(chosen["GIT_WORK_TREE"]) else {}


def _with_index(repository: Repository, environ: Mapping[str, str], cwd: Path) -> Repository:
    """``git commit -a`` and ``git commit PATH`` give their hooks an index of their own."""
    index = environ.get("GIT_INDEX_FILE")
    if not index:
        return repository
    folder = environ.get("GIT_DIR")
    if folder and (cwd / folder).resolve() != repository.git_folder.resolve():
        return repository
    path = repository.root / index
    theirs = ".git" in path.parts and not path.resolve().is_relative_to(repository.git_folder.resolve())
    if theirs:
        return repository
    return replace(repository, environ={**repository.environ, "GIT_INDEX_FILE": str(path)})


def _read_index(repository: Repository, entries: bytes) -> dict[str, _Blob]:
    listing: dict[str, _Blob] = {}
    for entry in _split(entries):
        head, _, path = entry.partition("\t")
        mode, blob, stage = head.split(" ")
        if mode in FILES and stage != "1" and (stage != "3" or path not in listing):
            listing[path] = _Blob(mode, blob)
    if any(blob.id in EMPTY_BLOBS for blob in listing.values()):
        # `git add -N` puts an empty file into the index that no commit will have.
        announced = repository.run("diff-files", "-z", "--name-only", "--no-renames", "--diff-filter=A")
        for path in _split(announced):
            listing.pop(path, None)
    return listing


def _blobs(repository: Repository, ids: Iterable[str]) -> dict[str, bytes]:
    """Contents by blob id, in one ``git cat-file --batch``. The few that somebody waits for are asked for once.

    An id is the digest of the contents, whichever repository they are in.
    """
    wanted = set(ids)
    known = {blob: _known_blobs[blob] for blob in wanted if blob in _known_blobs}
    found = _blobs_of_git(repository, sorted(wanted - known.keys()))
    if len(found) <= FEW_BLOBS:
        _known_blobs.update({blob: content for blob, content in found.items() if len(content) <= SMALL_BLOB})
        for blob in list(_known_blobs)[:-MOST_BLOBS]:
            del _known_blobs[blob]
    return found | known


def _blobs_of_git(repository: Repository, wanted: Sequence[str]) -> dict[str, bytes]:
    if not wanted:
        return {}
    output = repository.run("cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in wanted).encode())
    contents: dict[str, bytes] = {}
    start = 0
    for blob in wanted:
        end = output.index(b"\n", start)
        answer, *size = output[start:end].split(b" ")[1:]
        if not size:
            raise DriftguardError(f"git has no object {blob}: {answer.decode()}", "see what `git fsck` says")
        start = end + 1 + int(size[0]) + 1
        contents[blob] = output[end + 1 : start - 1]
    return contents


def _read_batch(names: Sequence[str], output: bytes) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    start = 0
    for name in names:
        end = output.index(b"\n", start)
        header, start = output[start:end], end + 1
        if header.endswith((b" missing", b" ambiguous")):
            continue
        kind, size = header.split(b" ")
        if kind == b"blob":
            contents[name] = output[start : start + int(size)]
        start += int(size) + 1
    return contents


def _read_log(fields: Iterable[str]) -> Iterator[Logged]:
    left = iter(fields)
    commit: Commit | None = None
    changes: list[Change] = []
    for field in left:
        if field.startswith(LOGGED):  # where a status stands, so it is no path
            if commit is not None:
                yield Logged(commit, tuple(changes))
            commit, changes = _read_commit(field.removeprefix(LOGGED)), []
        else:
            status, path = field.removeprefix("\n"), next(left, "")
            changes.append(Change(status, next(left, ""), path) if status[:1] in "RC" else Change(status, path))
    if commit is not None:
        yield Logged(commit, tuple(changes))


def _read_commit(text: str) -> Commit:
    id_, author, date, message = text.split("\n", 3)
    subject, _, body = message.strip("\n").partition("\n")
    return Commit(id_, author, date, subject, body.strip("\n"))


def _git(
    arguments: Sequence[str],
    cwd: Path,
    environ: Mapping[str, str],
    *,
    stdin: bytes = b"",
    deadline: float = DEADLINE,
) -> subprocess.CompletedProcess[bytes]:
    command = ["git", *arguments]
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise DriftguardError(f"git cannot be run in {cwd}: {error.strerror}") from error
    # A timeout of ``communicate`` would have Python look for the end again and again instead of waiting for it.
    late = threading.Timer(deadline, process.kill)
    late.start()
    with process:
        try:
            output, errors = process.communicate(stdin or None)
        except BaseException:
            process.kill()
            raise
        finally:
            late.cancel()
    if process.returncode == -signal.SIGKILL:
        raise DriftguardError(f"`git {arguments[0]}` took more than {deadline:.0f} seconds")
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _failure(arguments: Sequence[str], stderr: bytes, cwd: Path | None = None) -> DriftguardError:
    words = os.fsdecode(stderr).strip()
    if "dubious ownership" in words:
        # Git names the folder itself, which may lie above the one where it was asked.
        folder = words.partition("'")[2].partition("'")[0] or str(cwd)
        return DriftguardError(
            f"git does not trust {folder}, because it belongs to another user",
            f"if you do: git config --global --add safe.directory '{folder}'",
        )
    first = words.partition("\n")[0].removeprefix("fatal: ")
    if "promisor remote" in words:
        return DriftguardError(
            f"this clone was made without all files, and git could not fetch one that is needed: {first}",
            "go where the remote can be reached, or leave other branches out",
        )
    return DriftguardError(f"`git {arguments[0]}` failed: {first}", "run it by hand to see more")


def _branch(fields: Sequence[str]) -> Branch:
    name, commit, mark, upstream, alias = fields
    inside = name.removeprefix("refs/remotes/")
    remote = inside.partition("/")[0] if inside != name else ""
    return Branch(_short(name), commit, remote, mark == "*", _short(upstream), _short(alias))


def _short(name: str) -> str:
    return name.removeprefix("refs/heads/").removeprefix("refs/remotes/")


def _prefixes(path: str) -> Iterator[str]:
    """``a``, ``a/b``, ``a/b/c`` of ``a/b/c``."""
    ends = [place for place, letter in enumerate(path) if letter == "/"]
    return (path[:end] for end in (*ends, len(path)))


def _line(output: bytes) -> str:
    return os.fsdecode(output).removesuffix("\n")


def _split(output: bytes) -> list[str]:
    return [os.fsdecode(each) for each in output.split(b"\0") if each]


def _join(paths: Iterable[str]) -> bytes:
    return b"".join(os.fsencode(path) + b"\0" for path in paths)
