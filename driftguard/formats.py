"""The names of the reports and pictures, for those who need none."""

from __future__ import annotations

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown", "html")

PICTURES = ("text", "mermaid", "dot", "svg", "html")
PICTURE_ENDINGS = {
    ".dot": "dot",
    ".gv": "dot",
    ".htm": "html",
    ".html": "html",
    ".mermaid": "mermaid",
    ".mmd": "mermaid",
    ".svg": "svg",
}
