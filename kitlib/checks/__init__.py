"""Rules over files, rendered charts and live objects; `check` runs them all, and other people's tools.

    >>> from kitlib.checks import check
    >>> check(["todo-app", "charts", "manifests"])

A rule is a generator in `kitlib/checks/rules/`; kitlib/checks/rule.py says how to write one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kitlib.checks.report import Report
    from kitlib.cluster import Cluster

__all__ = ["check"]


def check(
    paths: Sequence[str | Path] = (".",),
    *,
    live: Cluster | None = None,
    ignore: Mapping[str, str] | None = None,
) -> Report:
    """Check files, and the live objects of a namespace.

    Args:
        paths: files and folders; empty: only the live objects.
        live: a cluster, bound to the namespace whose objects are checked too.
        ignore: rules whose findings are set aside everywhere: id → reason.

    Raises:
        UsageError: a path does not exist, an id of `ignore` is unknown or has no reason, or a
            `.kit-check.yaml` has another shape.
        ClusterError: with `live`, when the cluster can't be read.
    """
    from kitlib.checks.running import run

    return run([Path(path) for path in paths], live=live, ignore=ignore or {})
