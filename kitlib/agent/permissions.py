"""What an agent's ServiceAccount may do: what its AgentConfig's scope and actions ask for, and nothing else.

In each namespace of the scope: read the resources of the scope, and the verbs of the acts that are possible
there. In its own namespace: its Lease, its ConfigMaps, its AgentConfig's status, and events. Secrets: never.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from kitlib.agent import cluster_state
from kitlib.agent.names import RULE_ACTIONS, Act
from kitlib.cluster.kinds import KINDS, resolve_kind
from kitlib.errors import UsageError
from kitlib.runbooks.catalogue import Permission
from kitlib.runbooks.remote import permissions
from kitlib.runbooks.remote.permissions import Need
from kitlib.specs.models.agent import AgentConfig

READ = ("get", "list", "watch")
Resource = tuple[str, str]
"""An API group and a resource's plural name; the core group is empty."""

PODS: Resource = ("", "pods")
NODES: Resource = ("", "nodes")
DEPLOYMENTS: Resource = ("apps", "deployments")
AUTOSCALERS: Resource = ("autoscaling", "horizontalpodautoscalers")
WORKLOADS = (DEPLOYMENTS, ("apps", "statefulsets"), ("apps", "daemonsets"))
# What the agent changes for each act, and how. It drains no node, and scales by a patch of the object.
CHANGES: dict[Act, tuple[tuple[Resource, str, str], ...]] = {
    "restart-pod": ((PODS, "create", "/eviction"),),
    "restart": tuple((item, "patch", "") for item in WORKLOADS),
    "scale": tuple((item, "patch", "") for item in WORKLOADS[:2]),
    "adjust-autoscaler": ((AUTOSCALERS, "patch", ""),),
    "increase-resources": tuple((item, "patch", "") for item in WORKLOADS),
    "rollback": ((DEPLOYMENTS, "patch", ""),),
}
# What kit looks at before it plans an act.
LOOKS: dict[Act, tuple[Resource, ...]] = {
    "scale": (AUTOSCALERS, ("", "resourcequotas")),
    "adjust-autoscaler": (AUTOSCALERS,),
    "increase-resources": (("", "limitranges"), ("", "resourcequotas")),
}
_EVIDENCE = (Permission(group="", resource="pods/log", verbs=["get"]),
             Permission(group="", resource="events", verbs=["list"]))  # fmt: skip
APPROVALS = "kagent-approvals"  # kitlib/agent/approval-policy.yaml
_METRICS = "metrics.k8s.io"
_WIDE_KINDS = frozenset(
    {"Namespace", "Node", "PersistentVolume", "IngressClass", "ClusterRole", "ClusterRoleBinding",
     "StorageClass", "CustomResourceDefinition", "APIService"}
)  # fmt: skip


@dataclass(frozen=True)
class Access:
    """The permissions of one agent.

    Args:
        name: of its ServiceAccount, and of every Role and binding.
        home: the agent's namespace.
        scope: the namespaces that it watches.
        inside: permissions in each of those.
        wide: permissions on resources of the whole cluster: nodes, or nothing.
        own: rules in its own namespace.
    """

    name: str
    home: str
    scope: tuple[str, ...]
    inside: tuple[Permission, ...]
    wide: tuple[Permission, ...]
    own: tuple[Mapping[str, Any], ...] = field(repr=False)

    @property
    def rules(self) -> dict[str, list[dict[str, Any]]]:
        """The rules of a Role, for each namespace; that of a home within the scope has both."""
        inside = permissions.rules(self.inside)
        places = {namespace: list(inside) for namespace in self.scope}
        places[self.home] = [*places.get(self.home, []), *map(dict, self.own)]
        return places

    def objects(self, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        """The ServiceAccount, and the Roles and bindings that say exactly this."""
        account = permissions.named("v1", "ServiceAccount", self.name, labels, self.home)
        made = [account | {"automountServiceAccountToken": False}]
        for namespace, rules in self.rules.items():
            made += permissions.role("Role", self.name, self.home, labels, rules, namespace)
        wide = self.wide_rules
        made += permissions.role("ClusterRole", self.name, self.home, labels, wide, name=self.wide_name)
        return made

    @property
    def wide_rules(self) -> list[dict[str, Any]]:
        """The rules of the ClusterRole: of nodes if the scope has them, and to see that the two objects stand
        by which the API server vouches for approvals."""
        group = "admissionregistration.k8s.io"
        kinds = ("validatingadmissionpolicies", "validatingadmissionpolicybindings")
        guards = [dict(_rule(group, kind, ["get"], [APPROVALS])) for kind in kinds]
        return [*permissions.rules(self.wide), *guards]

    @property
    def wide_name(self) -> str:
        """Of the ClusterRole, which no namespace keeps apart from another agent's."""
        return f"{self.home}-{self.name}"

    @property
    def needs(self) -> list[Need]:
        """The same as questions to the API server, for whoever wants to know whether it was granted."""
        inside = [
            Need(verb, item.group, item.resource, place)
            for place in self.scope
            for item in self.inside
            for verb in item.verbs
        ]
        return [
            *inside,
            *(Need(verb, item.group, item.resource) for item in self.wide for verb in item.verbs),
        ]


def access_of(config: AgentConfig, acts: Iterable[Act] = ()) -> Access:
    """What an agent is to be granted.

    Args:
        config: the AgentConfig.
        acts: what it may do beyond the actions of its monitoring, such as those of the AI operations
            specification.

    Raises:
        UsageError: the scope names a resource that is not known, or that no agent gets; says the nearest.
    """
    resources = tuple(dict.fromkeys(resource(name) for name in config.spec.scope.resources))
    possible = {RULE_ACTIONS[rule.action][0] for rule in config.spec.monitoring} | set(acts)
    found = [Permission(group=group, resource=name, verbs=list(READ)) for group, name in _read(resources)]
    if PODS in resources:
        found.append(Permission(group=_METRICS, resource="pods", verbs=["get", "list"]))
        found += _EVIDENCE
    changed = _changes(resources, possible)
    found += _looks(resources, possible)
    wide = [item for item in found if (item.group, item.resource) == NODES]
    wide += [Permission(group=_METRICS, resource="nodes", verbs=["get", "list"])] if wide else []
    inside = [item for item in (*found, *changed) if (item.group, item.resource) != NODES]
    name, home = config.metadata.name, config.metadata.namespace
    return Access(name, home, config.spec.scope.namespaces, tuple(inside), tuple(wide), _own(name))


def resource(name: str) -> Resource:
    """The resource that a scope means.

    Args:
        name: as kubectl takes it: deployments, deploy, Deployment, hpa.

    Raises:
        UsageError: it is none of the built-in ones, holds secrets, or lives in no namespace.
    """
    kind, version = resolve_kind(name)
    if version is None:
        known = sorted({other for kind, (_, others) in KINDS.items() for other in (kind.lower(), *others)})
        near = get_close_matches(name.lower(), known, n=1)
        raise UsageError(
            f"spec.scope.resources: found {name!r}, expected a resource such as deployments, pods or hpa",
            fix=f"did you mean {near[0]}?" if near else "kubectl api-resources lists them",
        )
    if kind == "Secret":
        raise UsageError("spec.scope.resources: found secrets, which no agent reads", fix="take it out")
    if kind in _WIDE_KINDS and kind != "Node":
        raise UsageError(
            f"spec.scope.resources: found {name!r}, which lives in no namespace, and is no node",
            fix="take it out",
        )
    plural = "endpoints" if kind == "Endpoints" else KINDS[kind][1][0]
    return version.rpartition("/")[0], plural


def _read(resources: Collection[Resource]) -> list[Resource]:
    """What is read: the scope, and the ReplicaSets between Deployments and their pods."""
    between = ("apps", "replicasets")
    add = DEPLOYMENTS in resources and between not in resources
    return [*resources, between] if add else list(resources)


def _looks(resources: Collection[Resource], acts: Collection[Act]) -> list[Permission]:
    """What the possible acts look at beyond the scope, where the scope has what they change."""
    wanted = {
        item
        for act in acts
        if any(changed in resources for changed, _, _ in CHANGES.get(act, ()))
        for item in LOOKS.get(act, ())
    }
    return [
        Permission(group=group, resource=name, verbs=["list"])
        for group, name in sorted(wanted - set(resources))
    ]


def _changes(resources: Collection[Resource], acts: Collection[Act]) -> list[Permission]:
    """The verbs of the possible acts on the resources of the scope; each once."""
    wanted = {
        (group, name + below, verb)
        for act in acts
        for (group, name), verb, below in CHANGES.get(act, ())
        if (group, name) in resources
    }
    return [Permission(group=group, resource=name, verbs=[verb]) for group, name, verb in sorted(wanted)]


def _own(name: str) -> tuple[Mapping[str, Any], ...]:
    """What it does about itself; see kitlib.agent.housekeeping. The name of what is made can't be limited."""
    kept = [f"{name}-{suffix}" for suffix in cluster_state.suffixes()]
    return (
        _rule("coordination.k8s.io", "leases", ["create"]),
        _rule("coordination.k8s.io", "leases", ["get", "update"], [name]),
        _rule("", "configmaps", ["create"]),
        _rule("", "configmaps", ["get", "update"], kept),
        _rule("kagent.io", "agentconfigs", list(READ)),
        _rule("kagent.io", "agentconfigs/status", ["patch"], [name]),
        _rule("", "events", ["create"]),
    )


def _rule(group: str, resource: str, verbs: list[str], names: list[str] | None = None) -> Mapping[str, Any]:
    rule: dict[str, Any] = {"apiGroups": [group], "resources": [resource], "verbs": verbs}
    return rule | ({"resourceNames": names} if names else {})
