"""`Cluster`: a Kubernetes cluster, bound to one context and one server, with verbs."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kitlib import policy
from kitlib.cluster import manifests, mutations, waiting
from kitlib.cluster.api import Api
from kitlib.cluster.kubeconfig import Binding, bind, default_files
from kitlib.cluster.resource import Resource, ResourceList
from kitlib.errors import ApiError, Invalid, NotFound
from kitlib.progress import Stage

PAGE = 500


class Cluster:
    """A cluster, bound to one context and server for the life of the object.

    Args:
        binding: what the kubeconfig said; every request first checks that it still says so.
        namespace: where namespaced verbs act when they are given none.

    Every verb raises `ClusterUnreachable`, `ContextChanged` or an `ApiError` (see kitlib.errors). Verbs that
    change something take `dry_run`: the server then validates and answers, and stores nothing. Otherwise they
    pass the policy gate of whoever acts (kitlib.policy), which may raise `Denied` or `NotApproved`.
    """

    def __init__(self, binding: Binding, *, namespace: str = "default") -> None:
        self.api = Api(binding)
        self.namespace = namespace

    @classmethod
    def from_kubeconfig(
        cls, path: Path | None = None, *, context: str | None = None, namespace: str = "default"
    ) -> Cluster:
        """Bind to a context of a kubeconfig.

        Args:
            path: the file; none: $KUBECONFIG, else ~/.kube/config.
            context: the context; none: the current one, and then switching it later raises.
            namespace: where verbs act by default.

        Raises:
            UsageError: no such file or context.
        """
        return cls(bind((path,) if path else default_files(), context), namespace=namespace)

    @property
    def context(self) -> str:
        """The context's name."""
        return self.api.binding.context

    @property
    def server(self) -> str:
        """The API server's address; inside the cluster what the caller of the run calls it."""
        return self.api.binding.called or self.api.binding.server

    def within(self, namespace: str) -> Cluster:
        """The same cluster, acting in another namespace by default."""
        other = Cluster(self.api.binding, namespace=namespace)
        other.api = self.api
        return other

    def version(self) -> str:
        """The API server's version, such as `v1.34.4`."""
        return str(json.loads(self.api.raw("get", "/version").data)["gitVersion"])

    def wait_until_ready(self, timeout: float = 60.0, *, progress: Stage | None = None) -> None:
        """Wait until the API server reports that it is ready; one that starts may first refuse or forbid.

        Raises:
            WaitTimeout: it is not ready in time; says what it answered last.
        """
        waiting.until_server_ready(self, timeout, progress)

    def get(
        self, kind: str, name: str, *, namespace: str | None = None, api_version: str | None = None
    ) -> Resource:
        """One object.

        Args:
            kind: such as `Deployment`, `deployments` or `deploy`.
            name: the object's name.
            namespace: none: the cluster's default one.
            api_version: only for kinds that several groups have.
        """
        found, _ = self.api.verb(
            "get", kind, api_version=api_version, name=name, namespace=namespace or self.namespace
        )
        return Resource(found)

    def find(self, kind: str, name: str, *, namespace: str | None = None) -> Resource | None:
        """One object, or None when there is none of that name."""
        try:
            return self.get(kind, name, namespace=namespace)
        except NotFound:
            return None

    def list(
        self,
        kind: str,
        *,
        namespace: str | None = None,
        everywhere: bool = False,
        labels: str | dict[str, str] | None = None,
        fields: str | None = None,
        api_version: str | None = None,
    ) -> ResourceList:
        """All objects of a kind, fetched in pages of 500.

        Args:
            kind: as for `get`.
            namespace: none: the cluster's default one.
            everywhere: in all namespaces.
            labels: a label selector, as text or as labels that must be equal.
            fields: a field selector, such as `status.phase=Running`.
            api_version: only for kinds that several groups have.
        """
        selector = ",".join(f"{k}={v}" for k, v in labels.items()) if isinstance(labels, dict) else labels
        arguments = {"label_selector": selector, "field_selector": fields, "limit": PAGE}
        where = None if everywhere else namespace or self.namespace
        try:
            return ResourceList(self._pages(kind, api_version, where, arguments))
        except ApiError as error:
            if error.reason != "Expired":
                raise
            return ResourceList(self._pages(kind, api_version, where, arguments))  # the list outlived a page

    def _pages(
        self, kind: str, api_version: str | None, namespace: str | None, arguments: dict[str, Any]
    ) -> Iterator[Resource]:
        token: str | None = None
        while True:
            page, _ = self.api.verb(
                "get", kind, api_version=api_version, namespace=namespace, _continue=token, **arguments
            )
            item_kind = page["kind"].removesuffix("List")
            for item in page["items"]:  # items of a list carry neither kind nor apiVersion
                yield Resource({"apiVersion": page["apiVersion"], "kind": item_kind, **item})
            token = page["metadata"].get("continue")
            if not token:
                return

    def apply(
        self,
        objects: manifests.Manifests,
        *,
        namespace: str | None = None,
        dry_run: bool = False,
        force: bool = False,
    ) -> Applied:
        """Server-side apply, with unknown fields refused, in an order that lets dependents find their needs.

        Args:
            objects: one object, several, YAML text, or the path of a YAML file or a folder of them.
            namespace: for objects that name none.
            dry_run: the server validates and answers but stores nothing.
            force: take over fields that another manager owns, instead of raising Conflict.

        Returns:
            The objects as the server now has them, and its warnings (deprecations, Pod Security).
        """
        warnings: list[str] = []
        items = manifests.in_order(manifests.read(objects))
        sent = [mutations.applying(self, item, namespace, force, warnings) for item in items]
        answers = mutations.carry_out(self, sent, dry_run)
        return Applied([Resource(answer) for answer in answers], tuple(dict.fromkeys(warnings)))

    def patch(
        self,
        kind: str,
        name: str,
        change: mutations.PatchBody,
        *,
        namespace: str | None = None,
        type: mutations.PatchType = "strategic",
        dry_run: bool = False,
    ) -> Resource:
        """Change some fields of an object; `change` is a mapping, or a list of operations for type `json`."""
        return self._patch("patch", kind, name, change, namespace, type, dry_run)

    def replace(self, body: dict[str, Any], *, dry_run: bool = False) -> Resource:
        """Put an object in the place of the one it names; with a resourceVersion only of that very state."""
        return Resource(mutations.carry_out(self, [mutations.replacing(self, body)], dry_run)[0])

    def delete(
        self,
        kind: str,
        name: str,
        *,
        namespace: str | None = None,
        missing_ok: bool = False,
        wait_seconds: float = 60.0,
        dry_run: bool = False,
    ) -> bool:
        """Delete an object and, in the background, what it owns.

        Args:
            missing_ok: return False instead of raising NotFound.
            wait_seconds: how long to wait until it is gone; 0: not at all.

        Returns:
            Whether there was one.
        """
        where = namespace or self.namespace
        try:
            answer = mutations.carry_out(self, [mutations.deleting(self, kind, name, where)], dry_run)[0]
        except NotFound:
            if missing_ok:
                return False
            raise
        if wait_seconds and not dry_run and not policy.current().planning:
            uid = (answer.get("details") or answer["metadata"]).get("uid")
            waiting.until_deleted(self, kind, name, where, uid, wait_seconds)
        return True

    def evict(self, pod: str, *, namespace: str | None = None, dry_run: bool = False) -> None:
        """Ask a pod to leave its node; its PodDisruptionBudget decides.

        Raises:
            ApiError: status 429: the budget allows no disruption now.
            NotFound: no such pod.
        """
        mutations.carry_out(self, [mutations.evicting(self, pod, namespace or self.namespace)], dry_run)

    def scale(
        self, kind: str, name: str, replicas: int, *, namespace: str | None = None, dry_run: bool = False
    ) -> Resource:
        """Set the number of replicas of a workload."""
        if replicas < 0:
            raise Invalid(f"replicas: found {replicas}, expected 0 or more")
        change = {"spec": {"replicas": replicas}}
        return self._patch("scale", kind, name, change, namespace, "merge", dry_run)

    def restart(
        self, kind: str, name: str, *, namespace: str | None = None, dry_run: bool = False
    ) -> Resource:
        """Replace the pods of a workload one by one, as `kubectl rollout restart` does."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        change = {"spec": {"template": {"metadata": {"annotations": {policy.RESTARTED: now}}}}}
        return self._patch("restart", kind, name, change, namespace, "strategic", dry_run)

    def _patch(
        self,
        verb: policy.Verb,
        kind: str,
        name: str,
        change: mutations.PatchBody,
        namespace: str | None,
        type: mutations.PatchType,
        dry_run: bool,
    ) -> Resource:
        sent = mutations.patching(self, verb, kind, name, change, namespace, type)
        return Resource(mutations.carry_out(self, [sent], dry_run)[0])

    def wait(
        self,
        kind: str,
        name: str,
        *,
        until: str | Callable[[Resource], bool] = "ready",
        namespace: str | None = None,
        timeout: float = 120.0,
        progress: Stage | None = None,
    ) -> Resource:
        """Wait for an object.

        Args:
            until: `ready` (a workload rolled out, a Job complete, a claim bound, a pod or node Ready),
                `exists`, a condition's type such as `Available`, or a function of the object.
            timeout: seconds.
            progress: a stage that is told what is awaited.

        Raises:
            WaitTimeout: it did not come true in time, or never will; says what was last seen.
        """
        return waiting.until(self, kind, name, until, namespace or self.namespace, timeout, progress)

    def logs(
        self,
        pod: str,
        *,
        namespace: str | None = None,
        container: str | None = None,
        previous: bool = False,
        tail: int | None = 200,
        limit_bytes: int = 1_000_000,
    ) -> str:
        """A container's log.

        Args:
            container: none: the pod's only container, or the one its default annotation names.
            previous: the log of the container's last, ended run.
            tail: lines from the end; None: all, up to `limit_bytes`.

        Raises:
            NotFound: no such pod, or the ended container was removed meanwhile.
        """
        path = f"/api/v1/namespaces/{namespace or self.namespace}/pods/{pod}/log"
        query = {"container": container, "tailLines": tail, "limitBytes": limit_bytes}
        query["previous"] = "true" if previous else None
        text = self.api.raw("get", path, query=query).data.decode(errors="replace")
        if text.startswith("unable to retrieve container logs for"):  # the kubelet says so with status 200
            raise NotFound(f"the log of {pod} was removed with its container", status=404)
        return text

    def events(
        self, *, namespace: str | None = None, about: Resource | None = None, everywhere: bool = False
    ) -> ResourceList:
        """Events, oldest first; `about` keeps only those of one object."""
        fields = f"involvedObject.uid={about['metadata']['uid']}" if about else None
        where = about.namespace if about else namespace
        found = self.list("Event", namespace=where, everywhere=everywhere, fields=fields)
        return ResourceList(sorted(found, key=_event_time))

    def call_service(
        self,
        method: str,
        service: str,
        path: str,
        *,
        port: str | int = "http",
        namespace: str | None = None,
        body: Any = None,
    ) -> Any:
        """An HTTP request to a Service, through the API server; needs no port-forward and no Ingress.

        Returns:
            The decoded JSON of the answer, or its text when it is not JSON.

        Raises:
            ApiError: the service answered with an error status, or has no ready endpoint (503).
        """
        where = namespace or self.namespace
        prefix = f"/api/v1/namespaces/{where}/services/{service}:{port}/proxy"
        text = self.api.raw(method, prefix + path, body=body).data.decode(errors="replace")
        try:
            return json.loads(text)
        except ValueError:
            return text

    def __repr__(self) -> str:
        return f"<Cluster {self.context} at {self.server}, namespace {self.namespace}>"

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(repr(self)[1:-1])}</code>"


class Applied(ResourceList):
    """What `Cluster.apply` did; `warnings` are the server's advice."""

    def __init__(self, items: list[Resource], warnings: tuple[str, ...]) -> None:
        super().__init__(items)
        self.warnings = warnings


def _event_time(event: Resource) -> str:
    series = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"]["creationTimestamp"]
    )
