"""The rules, as pure generators: facts in, findings out. A check's docstring is its rule's page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from driftguard.checks import graph, live, models, order, replay, setup
from driftguard.checks.graph import GraphInput
from driftguard.checks.live import LiveInput
from driftguard.checks.models import ModelsInput
from driftguard.checks.order import OrderInput
from driftguard.checks.replay import FailedUpgrade
from driftguard.checks.setup import Problem
from driftguard.findings import Finding

GRAPH: dict[str, Callable[[GraphInput], Iterator[Finding]]] = {
    "DG101": graph.multiple_heads,
    "DG103": graph.missing_parent,
    "DG104": graph.duplicate_revision_id,
    "DG105": graph.revision_cycle,
    "DG112": graph.unreadable_revision,
    "DG115": graph.unstaged_revision,
}
MODELS: dict[str, Callable[[ModelsInput], Iterator[Finding]]] = {
    "DG201": models.missing_revision,
    "DG202": models.rename_or_replace,
    "DG203": models.invisible_to_autogenerate,
    "DG205": models.empty_metadata,
}
LIVE: dict[str, Callable[[LiveInput], Iterator[Finding]]] = {
    "DG301": live.direct_ddl,
    "DG302": live.pending_upgrade,
    "DG303": live.unknown_stamp,
    "DG304": live.unstamped_database,
    "DG305": live.stamped_but_missing,
}
REPLAY: dict[str, Callable[[FailedUpgrade], Iterator[Finding]]] = {
    "DG401": replay.failing_upgrade,
}
ORDER: dict[str, Callable[[OrderInput], Iterator[Finding]]] = {
    "DG111": order.branches_touch_same_object,
    "DG407": order.order_matters,
}
SETUP: dict[str, Callable[[Problem], Iterator[Finding]]] = {
    "DG901": setup.environment_failed,
    "DG902": setup.no_interpreter,
    "DG903": setup.no_shadow,
    "DG904": setup.live_unreachable,
    "DG905": setup.deadline,
}
CHECKS: dict[str, Callable[..., Iterator[Finding]]] = {**GRAPH, **MODELS, **LIVE, **REPLAY, **ORDER, **SETUP}
