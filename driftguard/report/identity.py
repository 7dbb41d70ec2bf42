"""Names for findings that stay the same from run to run, so that services can tell old ones from new ones."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from driftguard.verdict import Judged

DOCUMENTATION = "https://github.com/driftguard/driftguard/blob/main/docs/rules"


def identified(findings: Iterable[Judged]) -> Iterator[tuple[str, Judged]]:
    """Each finding with 32 hexadecimal digits; what it says may be worded anew, and its line may move."""
    seen: Counter[str] = Counter()
    for judged in findings:
        finding = judged.finding
        path = finding.place.path if finding.place else ""
        about = "\0".join((*finding.about, path))
        digest = hashlib.sha256(f"{about}\0{seen[about]}".encode(errors="surrogatepass")).hexdigest()[:32]
        seen[about] += 1
        yield digest, judged


def page_of(code: str) -> str:
    """The address of a rule's page."""
    return f"{DOCUMENTATION}/{code}.md"
