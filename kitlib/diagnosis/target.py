"""What a diagnosis is about: a cluster, a namespace, or one object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from kitlib.cluster import Cluster
from kitlib.cluster.kinds import resolve_kind
from kitlib.diagnosis.scan import Scan
from kitlib.errors import ApiError, NotFound, UsageError
from kitlib.findings import Ref


@dataclass(frozen=True)
class Target:
    """`NAMESPACE`, `NAMESPACE/KIND/NAME`, or nothing: all namespaces."""

    namespace: str = ""
    kind: str = ""
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read a target as a person types it.

        Raises:
            UsageError: it has one or more than two slashes, or an empty part.
        """
        parts = text.split("/") if text else [""]
        if len(parts) not in (1, 3) or (len(parts) == 3 and not all(parts)):
            raise UsageError(
                f"can't diagnose {text!r}: expected NAMESPACE, NAMESPACE/KIND/NAME, "
                "or nothing for all namespaces",
                fix="such as: kit diagnose todo-app/deployment/todo-app-api",
            )
        if len(parts) == 1:
            return cls(parts[0])
        return cls(parts[0], resolve_kind(parts[1])[0], parts[2])

    def check(self, cluster: Cluster) -> None:
        """Make sure that it exists.

        Raises:
            NotFound: no such namespace or object; names the nearest, or where a workload of that name is.
        """
        if not self.namespace:
            return
        try:
            names = [item.name for item in cluster.list("Namespace")]
        except ApiError:  # may not list namespaces: those that may only use one
            names = [self.namespace]
        if self.namespace not in names:
            raise NotFound(
                f"there is no namespace {self.namespace}", status=404, fix=self._nearest(cluster, names)
            )
        if self.kind:
            self._check_object(cluster)

    def concerns(self, refs: Iterable[Ref | str], scan: Scan) -> bool:
        """Whether a cause is about the target, or about what owns it.

        Args:
            refs: the cause's object, and those that it affects.
            scan: where the owner chain is looked up.
        """
        if not self.kind:
            return True
        item = scan.find(self.kind, self.name, self.namespace)
        wanted = {Ref(self.kind, self.name, self.namespace), Ref(self.kind, self.name)}
        return bool(wanted.union([scan.owner_ref(item)] if item else []) & set(refs))

    def __str__(self) -> str:
        if self.kind:
            return f"{self.namespace}/{self.kind.lower()}/{self.name}"
        return f"namespace {self.namespace}" if self.namespace else "all namespaces"

    def _check_object(self, cluster: Cluster) -> None:
        if cluster.find(self.kind, self.name, namespace=self.namespace) is None:
            there = [item.name for item in cluster.list(self.kind, namespace=self.namespace)]
            near = get_close_matches(self.name, there, n=1)
            fix = f"kit diagnose {self.namespace}/{self.kind.lower()}/{near[0]}" if near else ""
            raise NotFound(
                f"there is no {self.kind} {self.name} in {self.namespace}; "
                f"there are: {', '.join(there) or 'none'}",
                status=404,
                fix=fix,
            )

    def _nearest(self, cluster: Cluster, names: list[str]) -> str:
        """A command that may have been meant."""
        for kind in ("Deployment", "StatefulSet", "DaemonSet"):
            for item in cluster.list(kind, everywhere=True):
                if item.name == self.namespace:
                    return f"kit diagnose {item.namespace}/{kind.lower()}/{item.name}"
        near = get_close_matches(self.namespace, names, n=1)
        return f"kit diagnose {near[0]}" if near else "kubectl get namespaces"
