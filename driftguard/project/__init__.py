"""The guarded project: its environments and the interpreter that runs them, found without running anything of it."""

from __future__ import annotations

from driftguard.project.environment import Environment
from driftguard.project.interpreter import Interpreter, NoInterpreter, find_interpreter
from driftguard.project.survey import Survey, choose, discover, explain_nothing_found, survey

__all__ = [
    "Environment",
    "Interpreter",
    "NoInterpreter",
    "Survey",
    "choose",
    "discover",
    "explain_nothing_found",
    "find_interpreter",
    "survey",
]
