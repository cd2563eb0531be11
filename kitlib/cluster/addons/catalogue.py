"""Which add-ons there are, and what each is made of.

What the add-on `ingress` (Traefik's ingress-nginx provider, v3.6.12) honours of an Ingress's annotations
`nginx.ingress.kubernetes.io/…`: auth-type, auth-secret, auth-secret-type, auth-realm, auth-url,
auth-response-headers, ssl-redirect, force-ssl-redirect, ssl-passthrough, use-regex, affinity,
session-cookie-*, service-upstream, backend-protocol, proxy-ssl-*, enable-cors, cors-*. It ignores every other
without a word: limit-rpm, limit-rps and limit-connections limit nothing, proxy-body-size neither,
rewrite-target rewrites nothing. `ssl-redirect: "true"`, the default where an Ingress has `tls`, redirects
there and only there (308); without `tls` only force-ssl-redirect does. Source: annotations.go and
kubernetes.go in github.com/traefik/traefik/tree/v3.6.12/pkg/provider/kubernetes/ingress-nginx.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from kitlib.cluster.addons.programs import KUBE_ROUTER, TRAEFIK, Program
from kitlib.errors import UsageError

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Addon:
    """Something a cluster can be given.

    Args:
        name: what people type.
        title: one line on what it does.
        manifest: its objects.
        workload: the kind, namespace and name of what has to run.
        program: what it runs, where the node image does not carry it.
        conditions: further objects to wait for: kind, name and the condition that must be true.
        removal: applied before it is deleted, and waited for: it undoes what the add-on did to the nodes.
        always_on: every cluster that kit makes with kind has it.
        inherent: a DaemonSet in kube-system; a cluster that has it does the add-on's work by itself.
        minikube: minikube's name for it; empty: minikube has none.
        minikube_instead: the way to have it with minikube, where that is no add-on.
    """

    name: str
    title: str
    manifest: Path
    workload: tuple[str, str, str]
    program: Program | None = None
    conditions: tuple[tuple[str, str, str], ...] = ()
    removal: Path | None = None
    always_on: bool = False
    inherent: str = ""
    minikube: str = ""
    minikube_instead: str = ""

    @property
    def cost(self) -> str:
        """What enabling it takes where no registry answers; empty when nothing is built."""
        return self.program.cost if self.program else ""


# kindnet, in kind's own node images, enforces NetworkPolicy since kind 0.24
# (github.com/kubernetes-sigs/kind/releases/tag/v0.24.0).
ADDONS = {
    addon.name: addon
    for addon in (
        Addon(
            "ingress",
            "answers Ingresses of class nginx on the node's ports 80 and 443 (Traefik)",
            FOLDER / "ingress" / "manifest.yaml",
            ("Deployment", "ingress-nginx", "traefik"),
            TRAEFIK,
            minikube="ingress",
        ),
        Addon(
            "network-policy",
            "enforces NetworkPolicies (kube-router, as a firewall only)",
            FOLDER / "network-policy" / "manifest.yaml",
            ("DaemonSet", "kube-system", "kube-router"),
            KUBE_ROUTER,
            removal=FOLDER / "network-policy" / "remove.yaml",
            inherent="kindnet",
            minikube_instead="minikube start --cni=calico (chosen when the cluster is made)",
        ),
        Addon(
            "metrics-server",
            "measures pods and nodes, for kubectl top and autoscaling",
            FOLDER / "metrics-server.yaml",
            ("Deployment", "kube-system", "metrics-server"),
            conditions=(("APIService", "v1beta1.metrics.k8s.io", "Available"),),
            always_on=True,
            minikube="metrics-server",
        ),
    )
}


def find(name: str) -> Addon:
    """The add-on of that name.

    Raises:
        UsageError: there is none; offers the nearest.
    """
    if name in ADDONS:
        return ADDONS[name]
    near = get_close_matches(name, ADDONS, n=1, cutoff=0.4)
    raise UsageError(
        f"there is no add-on {name!r}; there are {', '.join(ADDONS)}",
        fix=f"kit cluster addons enable {near[0]}" if near else "kit cluster addons",
    )
