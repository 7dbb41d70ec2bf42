"""``driftguard-baseline.json``: findings that stand, known by what they say, so that only others make a check fail."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from driftguard.errors import DriftguardError
from driftguard.findings import Finding
from driftguard.redaction import redacted

FILE = "driftguard-baseline.json"
VERSION = 1
ANEW = "driftguard baseline"
MOST_TEXT = 200
REQUIRED = ("code", "environment", "subject", "text", "fingerprint")
BY_HAND = ("reason", "until")
"""What people may add to an entry."""

EXPIRED = "the entry of {} that let this pass expired on {}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding. ``text`` is for people; ``fingerprint`` says which finding it is, however it is worded."""

    code: str
    environment: str
    subject: str
    text: str
    fingerprint: str
    reason: str = ""
    until: datetime.date | None = None

    def has_expired(self, today: datetime.date) -> bool:
        """Whether its day has passed; on the day itself it still counts."""
        return self.until is not None and self.until < today


@dataclass(frozen=True)
class Baseline:
    """The entries of one file, sorted."""

    entries: tuple[Entry, ...] = ()

    @cached_property
    def _by_fingerprint(self) -> Mapping[str, Entry]:
        return {entry.fingerprint: entry for entry in self.entries}

    def entry_of(self, finding: Finding) -> Entry | None:
        """The entry that means this finding, expired or not; none means that something could not be checked."""
        return self._by_fingerprint.get(fingerprint(finding))

    def known(self, finding: Finding, today: datetime.date) -> str:
        """Why the finding is no news, "" if it is."""
        entry = self.entry_of(finding)
        if entry is None or entry.has_expired(today):
            return ""
        until = f" until {entry.until}" if entry.until else ""
        return f"{FILE} has it{until}" + (f": {entry.reason}" if entry.reason else "")

    def told(self, findings: Iterable[Finding], today: datetime.date) -> tuple[Finding, ...]:
        """The findings; where an entry has expired, one says so."""
        return tuple(self._told(finding, today) for finding in findings)

    def _told(self, finding: Finding, today: datetime.date) -> Finding:
        entry = self.entry_of(finding)
        if entry is None or not entry.has_expired(today):
            return finding
        return replace(finding, details=(*finding.details, EXPIRED.format(FILE, entry.until)))

    def used(self, findings: Iterable[Finding]) -> frozenset[Entry]:
        """The entries that mean one of these findings."""
        return frozenset(filter(None, map(self.entry_of, findings)))

    def with_findings(self, findings: Iterable[Finding]) -> Baseline:
        """Also these, each once; what stands already is kept as people have written it."""
        new = {fingerprint(finding): _entry(finding) for finding in findings}
        return Baseline(_sorted({**new, **self._by_fingerprint}.values()))

    def without(self, entries: Iterable[Entry]) -> Baseline:
        """Those that are left."""
        gone = frozenset(entries)
        return Baseline(tuple(entry for entry in self.entries if entry not in gone))


def fingerprint(finding: Finding) -> str:
    """32 hexadecimal digits of code, environment, database, object and what exactly differs; no line, no address."""
    about = "\0".join(map(redacted, finding.identity))
    return hashlib.sha256(about.encode(errors="surrogatepass")).hexdigest()[:32]


def read(content: bytes | None) -> Baseline:
    """The entries of the file, none where there is none. Raises DriftguardError for what driftguard did not write."""
    if content is None:
        return Baseline()
    try:
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_table)
    except UnicodeDecodeError as error:
        raise _refused("is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise _refused(f"is no JSON: {error.msg} in line {error.lineno}") from error
    except RecursionError as error:
        raise _refused("is no JSON that driftguard writes: too many brackets") from error
    if not isinstance(document, dict) or not isinstance(document.get("entries"), list):
        raise _refused('must hold "version" and a list of "entries"')
    version = document.get("version")
    if version != VERSION or isinstance(version, bool):
        raise DriftguardError(
            f"{FILE} is of version {json.dumps(version)}, and this driftguard knows version {VERSION}",
            "install the driftguard that wrote it, or delete it and write it anew: driftguard baseline",
        )
    entries = [_parsed(number, each) for number, each in enumerate(document["entries"], 1)]
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries, 1):
        if entry.fingerprint in seen:
            raise _refused(f"has the same fingerprint in entry {seen[entry.fingerprint]} and in entry {number}")
        seen[entry.fingerprint] = number
    return Baseline(_sorted(entries))


def dumped(baseline: Baseline) -> bytes:
    """The file's contents: sorted, a line for each value, so that a review shows what came and what went."""
    entries = [_table_of(entry) for entry in baseline.entries]
    return (json.dumps({"version": VERSION, "entries": entries}, indent=2) + "\n").encode()


def _entry(finding: Finding) -> Entry:
    first, *_ = redacted(finding.exactly or finding.message).splitlines() or [""]
    text = first if len(first) <= MOST_TEXT else f"{first[: MOST_TEXT - 3]}..."
    return Entry(finding.code, finding.environment, redacted(finding.subject), text, fingerprint(finding))


def _sorted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda each: (each.environment, each.code, each.subject, each.fingerprint)))


def _table_of(entry: Entry) -> dict[str, str]:
    by_hand = {"reason": entry.reason, "until": entry.until.isoformat() if entry.until else ""}
    return {
        **{name: getattr(entry, name) for name in REQUIRED},
        **{name: text for name, text in by_hand.items() if text},
    }


def _table(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise _refused("has a key twice in one place")
    return table


def _parsed(number: int, table: object) -> Entry:
    if not isinstance(table, dict) or not all(isinstance(each, str) for each in table.values()):
        raise _refused(f"holds something else than texts in entry {number}")
    if wrong := [name for name in table if name not in (*REQUIRED, *BY_HAND)]:
        raise _refused(f"has the unknown key {json.dumps(wrong[0])} in entry {number}")
    if missing := [name for name in REQUIRED if name not in table]:
        raise _refused(f"lacks {json.dumps(missing[0])} in entry {number}")
    if not re.fullmatch(r"[0-9a-f]{32}", table["fingerprint"]):
        raise _refused(f"has no fingerprint of 32 hexadecimal digits in entry {number}")
    try:
        until = datetime.date.fromisoformat(table["until"]) if table.get("until") else None
    except ValueError as error:
        raise _refused(f'takes a day such as 2027-01-31 for "until" in entry {number}') from error
    return Entry(**{name: table[name] for name in REQUIRED}, reason=table.get("reason", ""), until=until)


def _refused(what: str) -> DriftguardError:
    return DriftguardError(
        f"{FILE} {what}", f"mend it, or bring it back with git; to write it anew, delete it and run: {ANEW}"
    )
