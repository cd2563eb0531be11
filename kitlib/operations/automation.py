"""What was changed through kit: the audit as tables, by actor, result and refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kitlib.cluster import Cluster

if TYPE_CHECKING:
    import pandas

WRITTEN = ("Deployment", "StatefulSet", "DaemonSet", "Service", "ConfigMap")
COLUMNS = ("at", "actor", "verb", "object", "result", "reason")
PROGRAMS = ("agent", "model")
REFUSED = {"deny": "denied", "needs approval": "not approved"}


def changes(
    entries: Iterable[Mapping[str, Any]], *, since: timedelta, now: datetime | None = None
) -> pandas.DataFrame:
    """Every change that was asked for in a period, and what became of it.

    Args:
        entries: of the audit, as `kitlib.policy.Audit.read` gives them.
        since: how long ago the period began.
        now: its end; none: now.

    Returns:
        One row per change: at (UTC), actor (person, runbook, agent or model, with its name), verb, object,
        result (done, failed, denied, not approved; unknown: it was begun, and its end was not written) and
        reason.
    """
    import pandas

    first = (now or datetime.now(UTC)) - since
    rows: dict[int, dict[str, Any]] = {}
    for entry in entries:
        if datetime.fromisoformat(entry["at"]) < first:
            continue
        if entry["event"] == "end":
            if (row := rows.get(entry["of"])) is not None:
                row |= {"result": entry["result"], "reason": entry.get("message", "")}
        elif entry["event"] == "begin" or entry["event"] in REFUSED:
            rows[entry["n"]] = _row(entry)
    found = pandas.DataFrame(list(rows.values()), columns=list(COLUMNS))
    return found.assign(at=pandas.to_datetime(found["at"], utc=True, format="ISO8601"))


def by_actor(found: pandas.DataFrame) -> pandas.DataFrame:
    """How many changes of each result each kind of actor asked for; `actor` is the index."""
    import pandas

    kinds = found["actor"].str.partition(" ")[0].rename("actor")
    return pandas.crosstab(kinds, found["result"])


def automated(found: pandas.DataFrame) -> pandas.DataFrame:
    """The changes that programs asked for which decide by themselves: agents and language models."""
    return found[found["actor"].str.partition(" ")[0].isin(PROGRAMS)]


def refusals(found: pandas.DataFrame) -> pandas.DataFrame:
    """The changes that were refused: by a prohibition or a budget, for want of an approval, by the server."""
    return found[found["result"].isin([*REFUSED.values(), "failed"])]


def writers(cluster: Cluster, *, since: timedelta) -> pandas.DataFrame:
    """Who wrote to objects of the cluster's namespace in a period, by the field managers that the API server
    keeps: kubernetes.io/docs/reference/using-api/server-side-apply/#field-management.

    Returns:
        One row per object and writer, newest first: at (UTC; its last write), object, writer. Controllers
        that keep a status are left out.
    """
    import pandas

    first = datetime.now(UTC) - since
    rows = []
    for item in (item for kind in WRITTEN for item in cluster.list(kind)):
        for field in item.at("metadata.managedFields", []):
            at = datetime.fromisoformat(field.get("time", item["metadata"]["creationTimestamp"]))
            if field.get("subresource") != "status" and at >= first:
                rows.append((at, f"{item.kind}/{item.name}", str(field.get("manager", ""))))
    return pandas.DataFrame(sorted(rows, reverse=True), columns=["at", "object", "writer"])


def within(runs: pandas.DataFrame, period: timedelta) -> pandas.DataFrame:
    """The runs of a period that ends now; `started` tells when each began."""
    return runs[runs["started"] >= datetime.now(UTC) - period]


def by_status(runs: pandas.DataFrame) -> pandas.DataFrame:
    """How many runs of each runbook ended how; `runbook` is the index."""
    import pandas

    return pandas.crosstab(runs["runbook"], runs["status"])


def text(table: pandas.DataFrame) -> str:
    """A table as plain text; `none` when it is empty."""
    return "none" if table.empty else str(table.to_string())


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    action = entry.get("action") or {}
    where = f" -n {action['namespace']}" if action.get("namespace") else ""
    what = action.get("object") or f"{action.get('kind', '')}/{action.get('name', '')}{where}"
    return {
        "at": entry["at"],
        "actor": entry.get("actor") or action.get("actor", ""),
        "verb": action.get("verb", ""),
        "object": what,
        "result": REFUSED.get(entry["event"], "unknown"),
        "reason": entry.get("reason", ""),
    }
