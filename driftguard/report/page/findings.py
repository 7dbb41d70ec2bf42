"""The findings on the page: each with its place, its source line and what to type."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from driftguard.findings import Finding, Place, Severity
from driftguard.report.drift import headline
from driftguard.report.fleet import MOST_NAMES
from driftguard.report.identity import identified, page_of
from driftguard.report.markup import xml
from driftguard.report.page.elements import Section, icon, in_lines, in_list, section
from driftguard.report.source import Source, excerpt
from driftguard.report.text import counted
from driftguard.verdict import Judged, Verdict


def findings(verdict: Verdict, source: Source) -> Section:
    """All of them, by environment where they are of several."""
    groups = [
        (name, list(group))
        for name, group in groupby(identified(verdict.findings), lambda named: named[1].finding.environment)
    ]
    level = 3 if len(groups) < 2 else 4
    parts = [*_filter(verdict)]
    for name, group in groups:
        parts += [f'<h3 class="group">{xml(name or "the whole project")}</h3>'] if level > 3 else []
        parts += [_finding(id_, judged, verdict, source, level) for id_, judged in group]
    title = counted(len(verdict.findings), "finding") if parts else "Findings"
    return section("findings", title, "\n".join(parts) or '<p class="nothing">Nothing was found.</p>')


def _filter(verdict: Verdict) -> Iterator[str]:
    """Boxes that hide what need not be seen now; they work without a script."""
    kinds = [
        (f"show-{severity}", counted(verdict.count(severity), severity))
        for severity in Severity
        if verdict.count(severity)
    ]
    if known := sum(bool(judged.known) for judged in verdict.findings):
        kinds.append(("show-known", f"{known} known already"))
    if len(kinds) > 1:
        boxes = "".join(f'<label><input type="checkbox" id="{id_}" checked> {said}</label>' for id_, said in kinds)
        yield f'<fieldset class="filter"><legend>Show</legend>{boxes}</fieldset>'


def _finding(id_: str, judged: Judged, verdict: Verdict, source: Source, level: int) -> str:
    finding, severity = judged.finding, judged.severity
    known = '<span class="badge known">known</span>' if judged.known else ""
    first = headline(judged, verdict.findings)
    before = f'<p class="headline">{xml(first)}</p>\n' if first else ""
    parts = "\n".join(_parts(finding, judged, source))
    return (
        f'{before}<article id="f-{id_}" class="finding {severity}{" known" if judged.known else ""}"'
        f' aria-labelledby="t-{id_}">\n'
        f'<p class="tags"><span class="badge">{icon(severity)} {severity}</span>{known}'
        f'<a href="{page_of(finding.code)}" rel="noreferrer">{finding.code} {xml(judged.rule)}</a></p>\n'
        f'<h{level} id="t-{id_}">{xml(finding.message)}</h{level}>\n{parts}\n</article>'
    )


def _parts(finding: Finding, judged: Judged, source: Source) -> Iterator[str]:
    yield f'<dl class="which">{"".join(_which(finding))}</dl>'
    if len(finding.databases) > MOST_NAMES:
        said = f"All {len(finding.databases)} databases"
        yield f"<details><summary>{said}</summary>{in_list(finding.databases)}</details>"
    if judged.known:
        yield f"<p>Known: {xml(judged.known)}. So it weighs as a note.</p>"
    if finding.place:
        yield _place(finding.place, source)
    if finding.details:
        lines = "\n".join(map(in_lines, finding.details))
        yield f'<pre class="details" tabindex="0" role="group" aria-label="Details">{lines}</pre>'
    if finding.help or finding.commands:
        said = f"<strong>Help:</strong> {xml(finding.help)}" if finding.help else "<strong>Run:</strong>"
        yield f'<p class="help">{said}</p>'
    for command in finding.commands:
        yield (
            f'<div class="command"><pre tabindex="0" role="group" aria-label="Command"><code>{in_lines(command)}</code>'
            f"</pre></div>"
        )


def _which(finding: Finding) -> Iterator[str]:
    number = len(finding.databases)
    several = f"{number}" if number > MOST_NAMES else ", ".join(finding.databases)
    named = (
        ("side", finding.side),
        ("environment", finding.environment),
        ("database", finding.database),
        ("table", finding.table),
        ("databases" if number > 1 else "live database", several if number else ""),
    )
    return (f"<div><dt>{what}</dt><dd>{xml(name)}</dd></div>" for what, name in named if name)


def _place(place: Place, source: Source) -> str:
    """The file and line, and that line with its code marked."""
    found, where = excerpt(place, source), xml(str(place))
    if found is None:
        return f'<p class="place"><code>{where}</code></p>'
    line = f"{xml(found.before)}<mark>{xml(found.code)}</mark>{xml(found.after)}"
    return (
        f'<figure class="source"><figcaption><code>{where}</code></figcaption>\n'
        f'<pre tabindex="0" role="group" aria-label="Source"><span class="number">{found.number}</span> {line}</pre>'
        f"</figure>"
    )
