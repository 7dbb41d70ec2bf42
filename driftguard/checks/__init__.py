"""The rules, as pure generators: facts in, findings out. A check's docstring is its rule's page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from driftguard.checks import base, graph, live, models, order, replay, setup, way_back
from driftguard.checks.base import BaseInput
from driftguard.checks.graph import GraphInput
from driftguard.checks.live import LiveInput
from driftguard.checks.models import ModelsInput
from driftguard.checks.order import OrderInput
from driftguard.checks.replay import FailedUpgrade
from driftguard.checks.setup import Problem
from driftguard.checks.way_back import WaysBack
from driftguard.findings import Finding

GRAPH: dict[str, Callable[[GraphInput], Iterator[Finding]]] = {
    "DG101": graph.multiple_heads,
    "DG103": graph.missing_parent,
    "DG104": graph.duplicate_revision_id,
    "DG105": graph.revision_cycle,
    "DG110": graph.double_merge,
    "DG112": graph.unreadable_revision,
    "DG113": graph.stale_revises_line,
    "DG114": graph.hand_typed_revision_id,
    "DG115": graph.unstaged_revision,
}
BASE: dict[str, Callable[[BaseInput], Iterator[Finding]]] = {
    "DG102": base.would_diverge,
    "DG106": base.edited_shared_revision,
    "DG107": base.repointed_shared_revision,
    "DG108": base.deleted_shared_revision,
    "DG109": base.buried_revision,
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
    "DG306": live.diverged_stamp,
}
REPLAY: dict[str, Callable[[FailedUpgrade], Iterator[Finding]]] = {
    "DG401": replay.failing_upgrade,
}
WAY_BACK: dict[str, Callable[[WaysBack], Iterator[Finding]]] = {
    "DG402": way_back.failing_downgrade,
    "DG403": way_back.downgrade_is_not_inverse,
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
CHECKS: dict[str, Callable[..., Iterator[Finding]]] = {
    **GRAPH,
    **BASE,
    **MODELS,
    **LIVE,
    **REPLAY,
    **WAY_BACK,
    **ORDER,
    **SETUP,
}
