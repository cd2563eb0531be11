"""The change that a diagnosis asks for: computed by the server as a dry run, and shown as a diff.

What may be made is decided by the gate, on the plan; this says it in words that a person needs, such as which
host in a Secret's URL is replaced, where the plan can only say that a hidden value is.
"""

from __future__ import annotations

import difflib
import html
import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

import yaml

from kitlib import markup
from kitlib.cluster import Cluster, Resource
from kitlib.diagnosis import Report
from kitlib.diagnosis.mending import edited_text, operations
from kitlib.errors import Conflict, Invalid, RunbookError
from kitlib.findings import Edit, Fix, Ref, fix_text
from kitlib.policy.action import changes
from kitlib.redaction import holds_secret, mask_urls

_SENSITIVE = re.compile(r"pass|secret|token|key|credential", re.IGNORECASE)


@dataclass(frozen=True)
class Change:
    """One change of one object, and the workloads that are restarted because of it.

    Args:
        summary: one sentence.
        target: the object.
        diff: a unified diff of what changes; no secret value is in it.
        restarts: workloads whose pods hold the old values.
    """

    summary: str
    target: Ref
    diff: str
    restarts: tuple[Ref, ...] = ()
    patch: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    def apply(self, cluster: Cluster) -> None:
        """Make the change, then restart what holds the old values.

        Raises:
            Conflict: the object changed since the diff was made; nothing was done.
        """
        try:
            if self.patch:
                _patch(cluster, self.target, self.patch)
        except Invalid as error:
            raise Conflict(
                f"{self.target} changed since the change was shown: {error.message}", fix="run it again"
            ) from None
        for ref in self.restarts:
            cluster.restart(ref.kind, ref.name, namespace=ref.namespace)

    def as_dict(self) -> dict[str, Any]:
        """What may be recorded and shown."""
        shown = {key: getattr(self, key) for key in ("summary", "diff")}
        return shown | {"target": str(self.target), "restarts": [str(ref) for ref in self.restarts]}

    def _repr_html_(self) -> str:
        e = html.escape
        restarts = "".join(f"<br>then restarts {e(str(ref))}" for ref in self.restarts)
        return markup.verbatim(f"<p>{e(self.summary)}{restarts}</p><pre>{e(self.diff)}</pre>")


def fix_of(report: Report) -> Fix | None:
    """The fix of the report's cause; None when nothing is wrong.

    Raises:
        RunbookError: a cause without a fix that can be made automatically; says what a person can do.
    """
    faults = [finding for finding in report.findings if finding.severity == "error"]
    if not faults:
        return None
    cause = faults[0]
    if cause.fix is None or not cause.fix.automatic:
        raise RunbookError(
            f"{cause.title}: found {cause.found}, expected {cause.expected}; a person has to mend that",
            fix=fix_text(cause.fix),
        )
    return cause.fix


def stored(fix: Fix | None) -> dict[str, Any] | None:
    """A fix as a plan may keep it: plain data, or only `anew` where its patch holds something secret."""
    if fix is None:
        return None
    plain: dict[str, Any] = json.loads(json.dumps(asdict(fix)))
    return {"anew": True} if holds_secret(plain) else plain


def fix_from(kept: dict[str, Any] | None, report: Report) -> Fix | None:
    """The fix that `stored` kept; one that could not be kept is found again in the report."""
    if kept is None or kept.get("anew"):
        return fix_of(report) if kept else None
    target = Ref(**kept["target"])
    edits = tuple(Edit(**edit) for edit in kept["edits"])
    return Fix(kept["summary"], target, tuple(kept["patch"]), edits, kept["command"])


def plan_fix(cluster: Cluster, fix: Fix, workload: Ref) -> Change:
    """The change that a fix stands for, as the server says it would be."""
    if fix.target is None:
        raise RunbookError(f"{fix.summary}: nothing that can be changed automatically")
    before = cluster.get(fix.target.kind, fix.target.name, namespace=fix.target.namespace)
    patch = operations(before, fix)
    after = _patch(cluster, fix.target, patch, dry_run=True) if patch else before
    if not changes(before, after):
        patch = ()  # a run that is resumed made it
    diff = _diff(before, after, fix)
    restarts = () if fix.target == workload else (workload,)
    return Change(fix.summary, fix.target, diff, restarts, patch)


def _patch(
    cluster: Cluster, target: Ref, patch: tuple[dict[str, Any], ...], *, dry_run: bool = False
) -> Resource:
    return cluster.patch(
        target.kind, target.name, list(patch), namespace=target.namespace, type="json", dry_run=dry_run
    )


def _diff(before: Resource, after: Resource, fix: Fix) -> str:
    now = _shown(before, fix, edited=False).splitlines()
    then = _shown(after, fix, edited=True).splitlines()
    title = f"{before.kind}/{before.name}"
    lines = difflib.unified_diff(now, then, f"{title} now", f"{title} then", lineterm="", n=4)
    return "\n".join(lines)


def _shown(item: Resource, fix: Fix, edited: bool) -> str:
    """What of an object the diff is made of: the edited keys, or the pod template; values masked."""
    if item.kind in ("Secret", "ConfigMap"):
        part: dict[str, Any] = {
            edit.key: _masked(edited_text(item, edit), edit.expected if edited else edit.found)
            for edit in fix.edits
        }
        return yaml.safe_dump({"data": part}, allow_unicode=True, width=200)
    template = json.loads(json.dumps(item.at("spec.template", {})))
    for group in ("initContainers", "containers"):
        for container in template.get("spec", {}).get(group) or []:
            for entry in container.get("env") or []:
                if "value" in entry and _SENSITIVE.search(entry["name"]):
                    entry["value"] = "(hidden)"
    return mask_urls(yaml.safe_dump({"spec": {"template": template}}, allow_unicode=True, width=200))


def _masked(value: str, part: str) -> str:
    """A value with the part that changes: a URL without its credentials and query, otherwise the part."""
    if "://" in value:
        return re.sub(r"\?[^,\s]*", "?…", mask_urls(value))
    return part if value.strip() == part else f"…{part}…"
