"""Pages in a real browser, without its window: what a script sees in them, and what the browser complains of."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NONE = f"no browser is installed ({', '.join(PROGRAMS)}): pages were not looked at as people see them"
THEMES = {"dark": 0, "light": 1}

LOOK = """<!doctype html><html><body>{frames}<pre id="seen"></pre><script>
window.onload = () => {{
  const look = {look};
  const seen = [...document.querySelectorAll('iframe')].map((each) => look(each.contentWindow));
  document.getElementById('seen').textContent = JSON.stringify(seen);
}};
</script></body></html>"""


class Seen(NamedTuple):
    """What the script answered for each page, and the lines of the console."""

    pages: tuple[Any, ...]
    console: tuple[str, ...]


def browser() -> str:
    """The program; "" if there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), "")


def look_at(folder: Path, pages: Sequence[str], look: str, *, theme: str, width: int) -> Seen:
    """Show ``pages`` as wide as that, and call the JavaScript function ``look`` with the window of each."""
    for number, page in enumerate(pages):
        (folder / f"{number}.html").write_text(page, encoding="utf-8")
    frames = "".join(
        f'<iframe src="{number}.html" width="{width}" height="900"></iframe>' for number in range(len(pages))
    )
    around = folder / "around.html"
    around.write_text(LOOK.format(frames=frames, look=look), encoding="utf-8")
    done = subprocess.run(
        [
            *(browser(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
            *("--disable-dev-shm-usage", "--disable-background-networking", "--allow-file-access-from-files"),
            *("--enable-logging=stderr", f"--blink-settings=preferredColorScheme={THEMES[theme]}"),
            *(f"--user-data-dir={folder / 'profile'}", "--dump-dom", around.as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = re.search('<pre id="seen">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found and found[1], done.stdout[-2000:] + done.stderr[-2000:]
    console = tuple(line for line in done.stderr.splitlines() if ":CONSOLE" in line)
    return Seen(tuple(json.loads(html.unescape(found[1]))), console)
