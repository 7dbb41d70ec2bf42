"""The moments at which git calls driftguard (githooks(5))."""

from __future__ import annotations

MOMENTS = ("pre-commit", "pre-merge-commit", "pre-push", "post-merge", "post-checkout", "post-rewrite")
