"""Folders under observation, through watchdog."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from watchdog.events import (
    DirAttribEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch
from watchdog.observers.polling import PollingObserver

EVENTS: list[type[FileSystemEvent]] = [
    *(DirAttribEvent, DirCreatedEvent, DirDeletedEvent, DirMovedEvent),
    *(FileAttribEvent, FileCreatedEvent, FileDeletedEvent, FileModifiedEvent, FileMovedEvent),
]
"""Those that change something; the system is asked for no others. What changes in a folder has an event of its own."""

POLLING_SECONDS = 2.0
LIMIT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.ENOMEM})
POLLING = (
    "the system lets no more folders be watched, so they are read every {seconds:g} seconds instead; "
    "raise the limit: sysctl fs.inotify.max_user_watches (and max_user_instances)"
)
DIRTY_SECONDS = 0.05
"""How much older than the clock the stamp of a file can be that is written now."""

Heard = Callable[[str, str], None]
"""Is told kind and path of every event."""


class _Handler(FileSystemEventHandler):
    def __init__(self, heard: Heard, gone: set[str]) -> None:
        self._heard = heard
        self._gone = gone

    def dispatch(self, event: FileSystemEvent) -> None:
        for path in map(_text, filter(None, (event.src_path, event.dest_path))):
            if event.is_directory and event.event_type in ("deleted", "moved"):
                self._gone.add(path)
            self._heard(event.event_type, path)


class Folders:
    """A context manager; ``heard`` is called in a thread of the observer's."""

    def __init__(self, heard: Heard, observer: Callable[[], BaseObserver] = Observer) -> None:
        self._gone: set[str] = set()
        self._handler = _Handler(heard, self._gone)
        self._watches: dict[tuple[str, bool], ObservedWatch] = {}
        self.note = ""
        """Not empty once the system refused to watch."""
        try:
            self._observer = observer()
        except OSError as error:
            self._observer = self._polling(error)

    def __enter__(self) -> Folders:
        self._observer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._observer.stop()
        self._observer.join()

    def renew(self, shallow: Iterable[Path], deep: Iterable[Path] = ()) -> tuple[Path, ...]:
        """Watch these folders and no others, ``deep`` ones with all below; those that are new.

        In place of a folder that is not there, the nearest one above it is watched.
        """
        wanted = {(_nearest(each), False) for each in shallow} | {(str(each), True) for each in deep if each.is_dir()}
        for key in [key for key in self._watches if key not in wanted or self._is_gone(key[0])]:
            self._observer.unschedule(self._watches.pop(key))
        self._gone.clear()
        new = sorted(wanted - self._watches.keys())
        for key in new:
            self._watch(key)
        return tuple(Path(folder) for folder, _ in new)

    def _watch(self, key: tuple[str, bool]) -> None:
        try:
            self._watches[key] = self._observer.schedule(self._handler, key[0], recursive=key[1], event_filter=EVENTS)
        except FileNotFoundError:
            return  # gone again; what is above it is watched, or the next look will tell
        except OSError as error:
            self._use(self._polling(error))
            self._watch(key)

    def _use(self, observer: BaseObserver) -> None:
        self._observer.stop()
        self._observer.join()
        self._observer = observer
        observer.start()
        keys, self._watches = list(self._watches), {}
        for key in keys:
            self._watch(key)

    def _polling(self, error: OSError) -> BaseObserver:
        if error.errno not in LIMIT or self.note:
            raise error
        self.note = POLLING.format(seconds=POLLING_SECONDS)
        return PollingObserver(timeout=POLLING_SECONDS)

    def _is_gone(self, folder: str) -> bool:
        """Whether its watch has ended, though there may be another one of its name by now."""
        return folder in self._gone


def changed_since(folder: Path, moment: float, is_noise: Callable[[Path], bool]) -> bool:
    """Whether a file of the folder is newer than ``moment`` (``time.time()``).

    Asked of folders that were not watched then.
    """
    try:
        with os.scandir(folder) as entries:
            return any(
                max(found.st_mtime, found.st_ctime) >= moment - DIRTY_SECONDS
                for entry in entries
                if not is_noise(Path(entry.path)) and not entry.is_dir()
                for found in (entry.stat(),)
            )
    except OSError:
        return False


def _nearest(folder: Path) -> str:
    for each in (folder, *folder.parents):
        if each.is_dir():
            return os.path.realpath(each)
    return os.sep


def _text(path: str | bytes | Sequence[object]) -> str:
    assert isinstance(path, str | bytes)
    return os.fsdecode(path)
