"""Approval by an annotation of the AgentConfig, for people who have no access to the agent's memory.

An annotation does not say who set it, so the API server vouches for it: the admission policy beside this
module lets only the named user set it, and only with the verb `approve`. Without that policy, standing before
the proposal was opened, no annotation counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from kitlib.agent import answering
from kitlib.agent.desk import Desk
from kitlib.agent.proposals import Proposal
from kitlib.cluster import Cluster
from kitlib.errors import ApiError, NotApproved, NotFound, UsageError

APPROVE, APPROVED_BY = "kagent.io/approve", "kagent.io/approved-by"
POLICY_FILE = Path(__file__).with_name("approval-policy.yaml")
_PATH = "/apis/admissionregistration.k8s.io/v1/{plural}/{name}"
_PLURALS = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}


def take_annotation(desk: Desk, refused: set[str]) -> Proposal | None:
    """Take the approval that the AgentConfig's annotations hold, if they hold one that counts.

    Args:
        desk: the agent's.
        refused: approvals that were refused and told of already; added to.

    Returns:
        The proposal that is approved now; None: there is no such approval.

    Raises:
        ApiError, ClusterUnreachable: the object can't be read.
        AuditError, StateError: it can't be recorded.
    """
    meta = desk.config.metadata
    try:
        found = desk.cluster.get("AgentConfig", meta.name, namespace=meta.namespace)
    except NotFound:
        return None  # an agent that is run from a file
    notes = found["metadata"].get("annotations") or {}
    mark, by = str(notes.get(APPROVE, "")), str(notes.get(APPROVED_BY, ""))
    id, _, hash = mark.partition(":")
    waiting = [item for item in desk.state.proposals() if item.id == id and item.state == "open"]
    if not waiting or f"{mark} {by}" in refused:
        return None
    try:
        if problem := _unguarded(desk.cluster, waiting[0]):
            raise NotApproved(problem, fix=f"kubectl apply -f {POLICY_FILE.name}, then approve again")
        if not hash:
            raise NotApproved(f"{APPROVE} is {mark!r}, and has to be PROPOSAL:HASH")
        return answering.approve(desk.state, id, by, hash=hash)
    except NotApproved as error:
        refused.add(f"{mark} {by}")
        desk.record("refused", proposal=id, title=waiting[0].title, reason=error.message)
        return None


def annotate(cluster: Cluster, agent: str, namespace: str, id: str) -> str:
    """Approve a proposal as whoever is connected, by annotations.

    Args:
        cluster: as the user who approves.
        agent, namespace: of the AgentConfig.
        id: the proposal's, as the AgentConfig's status lists it.

    Returns:
        The user's name.

    Raises:
        UsageError: the status lists no such proposal.
        Forbidden: the user may not approve.
    """
    found = cluster.get("AgentConfig", agent, namespace=namespace)
    hashes = {str(item["id"]): str(item["hash"]) for item in found.at("status.proposals", [])}
    if not hashes.get(id):
        known = ", ".join(hashes) or "none"
        raise UsageError(
            f"AgentConfig {agent} lists no proposal {id!r} that can be approved; it lists {known}"
        )
    by = _whoami(cluster)
    notes = {APPROVE: f"{id}:{hashes[id]}", APPROVED_BY: by}
    change = {"metadata": {"annotations": notes}}
    cluster.patch("AgentConfig", agent, change, namespace=namespace, type="merge")
    return by


def _whoami(cluster: Cluster) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = cluster.api.raw("post", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=body)
    return str(json.loads(answer.data)["status"]["userInfo"]["username"])


def _unguarded(cluster: Cluster, proposal: Proposal) -> str:
    """Why the API server does not vouch for who approved a proposal; empty: it does."""
    for wanted in yaml.safe_load_all(POLICY_FILE.read_text()):
        kind, name = wanted["kind"], wanted["metadata"]["name"]
        try:
            path = _PATH.format(plural=_PLURALS[kind], name=name)
            found: Mapping[str, Any] = json.loads(cluster.api.raw("get", path).data)
        except ApiError as error:
            return f"nobody vouches for annotations: {error.message}"
        if found["spec"] != wanted["spec"]:
            return f"nobody vouches for annotations: {kind} {name} is not as kit ships it"
        made = datetime.fromisoformat(found["metadata"]["creationTimestamp"])
        if made >= datetime.fromisoformat(proposal.opened):
            return f"nobody vouched for annotations when the proposal was opened: {kind} {name} is younger"
    return ""
