"""Lesson 07: infrastructure as specification. The Deployment `ledger` waits, with no pod, to be hardened."""

from __future__ import annotations

from typing import Any

from kitlib.cluster import Cluster
from kitlib.lessons.catalogue import Section
from kitlib.lessons.exercise import Task
from kitlib.lessons.exercises import delivery

POOL = """\
#### Batch Pool
- **Instance Type**: c7i.xlarge (4 vCPU, 8GB)
- **Min Nodes**: 0
- **Max Nodes**: 4
- **Autoscaling**: Enabled
- **Taints**: workload=batch:NoSchedule
"""

RANGE = "10.4.0.0/14"

IGNORED = """\
- group: apps
  kind: Deployment
  jsonPointers:
  - /spec/replicas
"""

TAG = "${{ github.sha }}"

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  egress:
  - to:
    - namespaceSelector:
        matchLabels: {kubernetes.io/metadata.name: kube-system}
      podSelector:
        matchLabels: {k8s-app: kube-dns}
    ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
"""


def _setup(_: Cluster) -> list[dict[str, Any]]:
    return delivery.ledger()


def _pool(_: Cluster) -> str:
    return POOL


def _range(_: Cluster) -> str:
    return RANGE


def _ignored(_: Cluster) -> str:
    return IGNORED


def _tag(_: Cluster) -> str:
    return TAG


_LEDGER = "kubectl get deployment ledger -o yaml -n $NAMESPACE"

SECTION = Section(
    "07",
    "Infrastructure as specification",
    (
        Task(
            "07-1", "a node pool for batch work", delivery.pool,
            "a pool Batch: 0 to 4 nodes, tainted workload=batch:NoSchedule",
            "kit spec check ../todo-app/specs/infrastructure.md",
            ("A pool that costs nothing while idle has a minimum of none; a taint keeps other pods away.",
             "Min Nodes, Max Nodes and Taints are items of the pool's section.",
             "A taint is key=value:Effect, here workload=batch:NoSchedule"),
            _pool, asks=True,
        ),
        Task(
            "07-2", "addresses for a thousand nodes", delivery.addresses,
            "a Pod CIDR with a /24 for each of 1,000 nodes, which overlaps neither the VPC nor the Services",
            "kit spec check ../todo-app/specs/infrastructure.md",
            ("Each node takes one /24 out of the range; count how many fit.",
             "A /16 holds 2^(24-16) of them; 1,000 need two bits more.",
             "a /14 that begins after 10.2.255.255, at a multiple of four: 10.4.0.0"),
            _range, asks=True,
        ),
        Task(
            "07-3", "leave the number to the autoscaler", delivery.ignored,
            "ignoreDifferences: the replicas of Deployments, and nothing else",
            "kit check ../todo-app/deploy/argocd-application.yaml",
            ("What another controller sets is not drift.",
             "A JSON pointer begins with a slash and names one field; a Deployment's group is apps.",
             "jsonPointers: [/spec/replicas]"),
            _ignored, asks=True,
        ),
        Task(
            "07-4", "the tag that is deployed is the one that was pushed", delivery.tag,
            "the expression that the build pushes, equal to what the deployment sets",
            "kit check tests/seed/.github/workflows/deploy.yaml",
            ("Find what the deployment asks for, letter by letter; the build must push the same.",
             "The deploy job says api.image.tag=…; a commit is fixed, a branch moves.",
             "${{ github.sha }}"),
            _tag, asks=True,
        ),
        Task(
            "07-5", "a namespace that is closed", delivery.closed,
            "a NetworkPolicy closed: for all pods, nothing in, and only DNS out",
            "kubectl get networkpolicy closed -o yaml -n $NAMESPACE",
            ("A policy that selects pods and allows nothing, allows nothing; names must still be resolved.",
             "podSelector: {} is every pod; policyTypes says which directions are closed.",
             "egress to k8s-app: kube-dns in kube-system, port 53, UDP and TCP"),
            POLICY,
        ),
        Task(
            "07-6", "a pod that passes the checklist", delivery.hardened,
            "ledger: not root, a read-only root file system, no capabilities, a seccomp profile, limits",
            _LEDGER,
            ("The security checklist says which lines are still open: kit check --live --checklist.",
             "runAsNonRoot, runAsUser and seccompProfile may stand with the pod, the rest by container.",
             "readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}"),
            delivery.harden,
        ),
    ),
    _setup,
)  # fmt: skip
