"""Draws docs/check.svg: the terminal after half of the demo story, told anew each time. Run: python3 dev.py docs"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

DOCS = Path(__file__).resolve().parent
DEMO = DOCS.parent / "examples" / "demo.py"
PICTURE = DOCS / "check.svg"
FOLDER = re.compile(r"[^\s]*/driftguard-demo-\w+/sqlite|[^\s]*/driftguard-demo-\w+")
FONT_FROM_ELSEWHERE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
COLUMNS = 108


def story() -> str:
    """What the demo prints on SQLite, coloured, without its title and the name of its temporary folder."""
    done = subprocess.run(
        [sys.executable, DEMO, "sqlite"],
        env={**os.environ, "FORCE_COLOR": "1", "NO_COLOR": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    return told(done.stdout)


def told(printed: str) -> str:
    """The story as everybody's machine would tell it."""
    return FOLDER.sub("/tmp/driftguard-demo", printed.partition("=\n\n")[2].strip())


def drawn(text: str) -> str:
    """The text as a terminal shows it, in SVG that loads nothing from elsewhere and is the same each time."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(text))
    svg = console.export_svg(title="driftguard", theme=MONOKAI, unique_id="driftguard")
    return FONT_FROM_ELSEWHERE.sub("", svg).replace("Fira Code", "monospace")


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(drawn(story()), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
