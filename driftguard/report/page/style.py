"""How the page looks, and the one thing that it does: copying a command."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark;
  --ground: #f6f8fa; --card: #ffffff; --ink: #1f2328; --quiet: #59636e; --line: #d1d9e0; --code: #f6f8fa;
  --link: #0550ae; --error: #cf222e; --on-error: #a40e26; --error-ground: #ffebe9; --warning: #bf8700;
  --on-warning: #6f4a00; --warning-ground: #fff3c4; --note: #0969da; --on-note: #0550ae; --note-ground: #ddf4ff;
  --fine: #1a7f37; --on-fine: #116329; --fine-ground: #dafbe1; --skipped: #818b98; --on-skipped: #59636e;
  --skipped-ground: #eff2f5; --shade: 0 1px 3px rgb(31 35 40 / .08); }
@media screen and (prefers-color-scheme: dark) { :root {
  --ground: #0d1117; --card: #151b23; --ink: #e6edf3; --quiet: #9198a1; --line: #3d444d; --code: #0d1117;
  --link: #79c0ff; --error: #f85149; --on-error: #ffa198; --error-ground: #3d1214; --warning: #d29922;
  --on-warning: #e3b341; --warning-ground: #332600; --note: #388bfd; --on-note: #79c0ff; --note-ground: #0c2344;
  --fine: #3fb950; --on-fine: #7ee787; --fine-ground: #0b2e17; --skipped: #656c76; --on-skipped: #9198a1;
  --skipped-ground: #212830; --shade: none; } }
.off, .error { --hue: var(--error); --on-hue: var(--on-error); --hue-ground: var(--error-ground); }
.failed, .warning { --hue: var(--warning); --on-hue: var(--on-warning); --hue-ground: var(--warning-ground); }
.fine { --hue: var(--fine); --on-hue: var(--on-fine); --hue-ground: var(--fine-ground); }
.note { --hue: var(--note); --on-hue: var(--on-note); --hue-ground: var(--note-ground); }
.skipped { --hue: var(--skipped); --on-hue: var(--on-skipped); --hue-ground: var(--skipped-ground); }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
code, pre, .source .number { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: .8125rem; direction: ltr; unicode-bidi: isolate; }
pre code { font-size: inherit; }
h1, h2, h3, h4, p, dl, dd, ul, pre, figure, fieldset { margin: 0; padding: 0; }
h1, h2, h3, h4 { line-height: 1.3; text-wrap: pretty; }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.wide { max-width: 66rem; margin: 0 auto; padding: 0 1.5rem; }
.quiet { color: var(--quiet); }
.unseen, .skip:not(:focus) { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.skip:focus { position: absolute; top: .5rem; left: .5rem; padding: .5rem 1rem; background: var(--card); }
.icon { width: 1em; height: 1em; flex: none; fill: none; stroke: currentColor; stroke-width: 1.7;
  stroke-linecap: round; stroke-linejoin: round; vertical-align: -.125em; }
body > header { background: var(--card); border-top: .375rem solid var(--hue); border-bottom: 1px solid var(--line); }
body > header .wide { padding-top: 1.75rem; padding-bottom: 1.75rem; }
.outcome { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .5rem; font-size: .875rem;
  font-weight: 600; }
.outcome .icon { color: var(--hue); width: 1.25em; height: 1.25em; }
.outcome .quiet { font-weight: 400; }
h1 { margin: .5rem 0 .25rem; font-size: clamp(1.5rem, 1.1rem + 2vw, 2.125rem); letter-spacing: -.015em; }
h1::first-letter { text-transform: uppercase; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: .75rem; margin-top: 1.5rem;
  list-style: none; }
.card { display: grid; grid-template-columns: auto 1fr; gap: .125rem .5rem; align-items: center;
  align-content: start; height: 100%;
  padding: .75rem 1rem; border: 1px solid var(--line); border-left: .25rem solid var(--hue); border-radius: .5rem;
  color: inherit; text-decoration: none; }
.card .name { grid-column: 1 / -1; font-weight: 600; }
.card .icon { color: var(--hue); width: 1.125em; height: 1.125em; }
.card .said { color: var(--on-hue); font-weight: 600; }
.card .quiet { grid-column: 1 / -1; font-size: .8125rem; }
a.card:hover { background: var(--hue-ground); }
a.card .said::after { content: " \\2193"; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 1rem 0 0; list-style: none;
  font-size: .875rem; }
main.wide { padding-bottom: 3rem; }
section { padding-top: 2rem; }
h2 { margin-bottom: .75rem; font-size: 1.25rem; }
h3.group { margin: 2rem 0 .75rem; font-size: 1rem; }
section > ul { padding-left: 1.25rem; font-size: .9375rem; }
section > ul li + li { margin-top: .25rem; }
.state { display: inline-flex; align-items: center; gap: .375rem; color: var(--on-hue); white-space: nowrap; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; text-align: left; }
th, td { padding: .5rem 1rem; vertical-align: top; }
tbody tr { border-top: 1px solid var(--line); }
thead th { color: var(--quiet); font-weight: 400; }
tbody th { font-weight: 600; }
.scrolls, .drawing { overflow: auto; border: 1px solid var(--line); border-radius: .5rem; background: var(--card);
  box-shadow: var(--shade); }
.scrolls { margin: .75rem 0; overflow-wrap: normal; }
.scrolls th, .scrolls td { min-width: 8rem; overflow-wrap: anywhere; }
.scrolls thead th { white-space: nowrap; }
.drawing { max-height: 85vh; margin: .5rem 0; }
.drawing svg { display: block; }
.graph { --ground: var(--card); }
summary { padding: .5rem 0; cursor: pointer; color: var(--link); font-size: .875rem; }
#revisions h3 { margin-top: 1rem; font-size: 1rem; }
#revisions details > table { table-layout: fixed; }
#revisions td { padding: .25rem 1rem .25rem 0; }
#revisions td:first-child, #revisions td:last-child { font: .8125rem/1.5 ui-monospace, Menlo, Consolas,
  "DejaVu Sans Mono", monospace; }
#revisions td:last-child, #revisions td span { color: var(--quiet); }
#revisions tr:target, #revisions tr:target td { background: var(--note-ground); color: var(--on-note); }
col.id { width: 9rem; }
col.file { width: 42%; }
.filter { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.25rem; margin-bottom: 1rem; border: 0;
  font-size: .875rem; }
.filter legend { float: left; padding: 0; color: var(--quiet); }
.filter label { display: inline-flex; align-items: center; gap: .375rem; min-height: 1.75rem; cursor: pointer; }
.filter input { width: 1rem; height: 1rem; margin: 0; accent-color: var(--link); }
@supports not selector(:has(*)) { .filter { display: none; } }
body:has(#show-error:not(:checked)) .finding.error, body:has(#show-warning:not(:checked)) .finding.warning,
body:has(#show-note:not(:checked)) .finding.note, body:has(#show-known:not(:checked)) .finding.known {
  display: none; }
.headline { margin: 1rem 0; font-weight: 600; }
.nothing { padding: 1.25rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--card); }
.finding { margin: 0 0 1rem; padding: 1rem 1.25rem 1.25rem; border: 1px solid var(--line);
  border-left: .25rem solid var(--hue); border-radius: .5rem; background: var(--card); box-shadow: var(--shade); }
.finding:target { outline: 2px solid var(--hue); outline-offset: 2px; }
.finding > * + * { margin-top: .625rem; }
.tags { display: flex; flex-wrap: wrap; align-items: center; gap: .375rem .625rem; font-size: .8125rem; }
.badge { display: inline-flex; align-items: center; gap: .375rem; padding: .0625rem .5rem; border-radius: 1rem;
  background: var(--hue-ground); color: var(--on-hue); font-weight: 600; }
.badge.known { background: var(--skipped-ground); color: var(--on-skipped); }
.finding h3, .finding h4 { font-size: 1.0625rem; }
.which { display: flex; flex-wrap: wrap; gap: .125rem 1.25rem; font-size: .8125rem; }
.which div { display: flex; gap: .375rem; }
.which dt { flex: none; color: var(--quiet); }
.finding pre, .source { border: 1px solid var(--line); border-radius: .375rem; background: var(--code); }
.finding pre { padding: .625rem .75rem; overflow: auto; overflow-wrap: normal; line-height: 1.5; }
.source { overflow: hidden; }
.source figcaption { padding: .375rem .75rem; border-bottom: 1px solid var(--line); }
.finding .source pre { border: 0; border-radius: 0; }
.source .number { display: inline-block; min-width: 2rem; margin-right: .5rem; color: var(--quiet); user-select: none;
  -webkit-user-select: none; }
.source mark { background: var(--hue-ground); color: inherit; text-decoration: underline 2px var(--hue);
  text-underline-offset: .2em; }
.finding .details { max-height: 24rem; padding: .125rem .75rem; border-width: 0 0 0 .1875rem; border-radius: 0;
  background: none; }
.finding details ul { max-height: 16rem; overflow: auto; padding-left: 1.25rem; font-size: .875rem; columns: 12rem; }
.help { font-size: .9375rem; }
.command { display: flex; align-items: flex-start; gap: .5rem; }
.command pre { flex: 1; min-width: 0; font-weight: 600; }
.command code { user-select: all; -webkit-user-select: all; }
.command button { flex: none; min-width: 5.25rem; padding: .625rem .75rem; border: 1px solid var(--line);
  border-radius: .375rem; background: var(--card); color: inherit; font: 600 .8125rem/1.5 system-ui, sans-serif;
  cursor: pointer; }
.command button:hover { background: var(--ground); }
@media (max-width: 40rem) {
  .wide { padding-left: 1rem; padding-right: 1rem; }
  .cards { grid-template-columns: 1fr; gap: .5rem; }
  .card { grid-template-columns: minmax(4.5rem, auto) auto 1fr; padding: .5rem .75rem; }
  .card .name { grid-column: auto; }
  .finding { padding: .875rem 1rem 1rem; }
  .command { flex-direction: column; align-items: stretch; gap: .25rem; }
  .command button { align-self: flex-end; padding: .25rem .75rem; }
  #revisions td { display: block; padding: 0; }
  #revisions tr { display: block; padding: .375rem 0; }
  col.id, col.file { width: auto; }
}
@media print {
  :root { color-scheme: light; }
  body { background: #ffffff; font-size: 10pt; }
  .cards { grid-template-columns: repeat(4, 1fr); }
  .state { white-space: normal; }
  nav, .filter, .skip, .command button { display: none !important; }
  .finding, .card, .source { break-inside: avoid; box-shadow: none; }
  h2, h3, .headline { break-after: avoid; }
  .scrolls, .drawing, .details, .finding details ul { max-height: none; overflow: visible; box-shadow: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere !important; }
  .drawing svg { max-width: 100%; height: auto; }
  .badge, .source mark, .graph * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
@media (forced-colors: active) { .finding, .card { border-left-width: .5rem; } }
"""

SCRIPT = """
for (const box of document.querySelectorAll('.command')) {
  const code = box.querySelector('code'), button = document.createElement('button');
  button.type = 'button';
  button.textContent = 'Copy';
  button.setAttribute('aria-label', 'Copy ' + code.textContent);
  button.addEventListener('click', async () => {
    getSelection().selectAllChildren(code);
    let done = document.execCommand('copy');
    if (!done) done = await navigator.clipboard.writeText(code.textContent).then(() => true, () => false);
    button.textContent = done ? 'Copied' : 'Selected';
    document.getElementById('said').textContent = button.textContent;
    setTimeout(() => { button.textContent = 'Copy'; }, 2000);
  });
  box.append(button);
}
"""
"""Without it, a click into a command selects all of it."""
