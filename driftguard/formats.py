"""The names of the reports, for those who need no report."""

from __future__ import annotations

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown")
