"""Answers by an annotation of the AgentConfig, for people who have no access to the agent's memory.

An annotation does not say who set it, so the API server vouches for it: the admission policy beside this
module lets only the named user set it, and only with the verb `approve`. Without that policy, standing before
the proposal was opened, no annotation counts. An approval is PROPOSAL:HASH, a denial PROPOSAL:REASON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
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
DENY, DENIED_BY = "kagent.io/deny", "kagent.io/denied-by"
POLICY_FILE = Path(__file__).with_name("approval-policy.yaml")
_PATH = "/apis/admissionregistration.k8s.io/v1/{plural}/{name}"
_PLURALS = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
}


def take_answers(desk: Desk, refused: set[str]) -> None:
    """Take the answers that the AgentConfig's annotations hold, as far as they count; a no before a yes.

    Args:
        desk: the agent's.
        refused: answers that were refused and told of already; added to.

    Raises:
        ApiError, ClusterUnreachable: the object can't be read.
        AuditError, StateError: it can't be recorded.
    """
    meta = desk.config.metadata
    try:
        found = desk.cluster.get("AgentConfig", meta.name, namespace=meta.namespace)
    except NotFound:
        return  # an agent that is run from a file
    notes = found["metadata"].get("annotations") or {}
    for key, by_key in ((DENY, DENIED_BY), (APPROVE, APPROVED_BY)):
        mark, by = str(notes.get(key, "")), str(notes.get(by_key, ""))
        id, _, told = mark.partition(":")
        waiting = [item for item in desk.state.proposals() if item.id == id and item.state == "open"]
        if not waiting or f"{key} {mark} {by}" in refused:
            continue
        try:
            if problem := _unguarded(desk.cluster, waiting[0]):
                raise NotApproved(problem, fix=f"kubectl apply -f {POLICY_FILE.name}, then answer again")
            _take(desk, key, id, told, by)
        except NotApproved as error:
            refused.add(f"{key} {mark} {by}")
            desk.record("refused", proposal=id, title=waiting[0].title, reason=error.message)


def _take(desk: Desk, key: str, id: str, told: str, by: str) -> None:
    if key == DENY:
        answering.deny(desk.state, id, by, told, clock=desk.clock)
        return
    if not told:
        raise NotApproved(f"{APPROVE} is {id!r}, and has to be PROPOSAL:HASH")
    answering.approve(desk.state, id, by, hash=told)


def approve(cluster: Cluster, agent: str, namespace: str, id: str) -> str:
    """Approve a proposal as whoever is connected, by annotations.

    Args:
        cluster: as the user who approves.
        agent, namespace: of the AgentConfig.
        id: the proposal's, as the AgentConfig's status lists it.

    Returns:
        The user's name.

    Raises:
        UsageError: the status lists no such proposal, or it is only advice.
        Forbidden: the user may not approve.
    """
    hashes = _listed(cluster, agent, namespace)
    if not hashes.get(id):
        raise _not_listed(agent, id, [name for name, hash in hashes.items() if hash])
    return _annotate(cluster, agent, namespace, {APPROVE: f"{id}:{hashes[id]}"}, APPROVED_BY)


def deny(cluster: Cluster, agent: str, namespace: str, id: str, reason: str = "") -> str:
    """Deny a proposal as whoever is connected, by annotations.

    Args and what is returned and raised: as `approve`; advice can be denied too.
    """
    listed = _listed(cluster, agent, namespace)
    if id not in listed:
        raise _not_listed(agent, id, listed)
    return _annotate(cluster, agent, namespace, {DENY: f"{id}:{reason}"}, DENIED_BY)


def _listed(cluster: Cluster, agent: str, namespace: str) -> dict[str, str]:
    """The hashes of the proposals that wait, by id, as the AgentConfig's status has them."""
    found = cluster.get("AgentConfig", agent, namespace=namespace)
    return {str(item["id"]): str(item["hash"]) for item in found.at("status.proposals", [])}


def _not_listed(agent: str, id: str, known: Iterable[str]) -> UsageError:
    return UsageError(
        f"AgentConfig {agent} lists no proposal {id!r} that can be answered so; "
        f"it lists {', '.join(known) or 'none'}",
        fix="kit agent pending --in-cluster NAMESPACE/NAME",
    )


def _annotate(cluster: Cluster, agent: str, namespace: str, notes: dict[str, str], by_key: str) -> str:
    by = _whoami(cluster)
    change = {"metadata": {"annotations": {**notes, by_key: by}}}
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
