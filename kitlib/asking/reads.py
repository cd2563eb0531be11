"""Requests that read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from kitlib.asking.request import CLUSTER_WIDE, Argv, Base, Filter, Kind, Name, Selector, joined, plural

Output = Literal["table", "wide", "name", "yaml", "json"]
EVENTS_SEEN = 200


class _Spread(Base):
    """A read that can look into all namespaces."""

    everywhere: bool = False

    def place(self) -> Argv:
        """`-A`, or the namespace."""
        return ("-A",) if self.everywhere else super().place()

    def where(self) -> str:
        """The place, in words."""
        if self.everywhere:
            return "in all namespaces"
        return f"in namespace {self.namespace}" if self.namespace else "in the default namespace"


class Get(_Spread):
    """Objects of some kinds, as a table."""

    do: Literal["get"] = "get"
    kinds: tuple[Kind, ...] = Field(min_length=1, max_length=12)
    names: tuple[Name, ...] = ()
    labels: Selector = ""
    fields: Selector = ""
    filters: tuple[Filter, ...] = ()
    output: Output = "table"

    @model_validator(mode="after")
    def _one_kind(self) -> Get:
        if len(self.kinds) > 1 and (self.names or self.filters):
            raise ValueError("names and conditions go with one kind")
        return self

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl get`; metrics come from `kubectl top`."""
        if any(item.field in ("memory", "cpu") for item in self.filters):
            return (("kubectl", "top", "pods", *self.place()),)
        what = ",".join(plural(kind) for kind in self.kinds)
        argv = ["kubectl", "get", what, *self.names]
        argv += [] if set(self.kinds) <= CLUSTER_WIDE else self.place()
        argv += ["-l", self.labels] if self.labels else []
        fields = self.fields or ("status.phase!=Running" if self._phase() else "")
        argv += [f"--field-selector={fields}"] if fields else []
        argv += ["-o", self.output] if self.output != "table" else []
        return (tuple(argv),)

    def explanation(self) -> str:
        """What is listed."""
        what = " and ".join(plural(kind) for kind in self.kinds)
        named = f" {', '.join(self.names)}" if self.names else ""
        told = [
            f"labels {self.labels}" if self.labels else "",
            f"fields {self.fields}" if self.fields else "",
        ]
        told.append(joined(*self.filters))
        such = "".join(f", {text}" for text in told if text)
        where = "" if set(self.kinds) <= CLUSTER_WIDE else f" {self.where()}"
        return f"lists {what}{named}{where}{such}"

    def caveat(self) -> str:
        """kubectl filters by nothing but labels and a few fields."""
        if self._phase():
            return (
                "the field selector misses pods in CrashLoopBackOff, whose phase is Running; kit finds them"
            )
        if self.filters:
            return f"kubectl can't filter by “{joined(*self.filters)}”; kit does, on parsed values"
        return ""

    def _phase(self) -> bool:
        return self.filters == (Filter(field="state", op="is not", value="Running"),)


class Exposed(_Spread):
    """Services that can be reached from outside, and by what."""

    do: Literal["exposed"] = "exposed"

    def kubectl(self) -> tuple[Argv, ...]:
        """Two lists."""
        return (
            ("kubectl", "get", "services", *self.place()),
            ("kubectl", "get", "ingresses", *self.place()),
        )

    def explanation(self) -> str:
        """What counts as exposed."""
        return (
            f"lists services {self.where()} that are reached from outside: LoadBalancer, NodePort, external "
            "IPs, or an Ingress"
        )

    def caveat(self) -> str:
        """kubectl joins no lists."""
        return (
            "a field selector on spec.type needs Kubernetes 1.31 and sees one type; kit looks at all ways "
            "in, Ingresses included"
        )


class Describe(Base):
    """One object: its fields and its events."""

    do: Literal["describe"] = "describe"
    kind: Kind
    name: Name

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl describe`."""
        where = () if self.kind in CLUSTER_WIDE else self.place()
        return (("kubectl", "describe", self.kind.lower(), self.name, *where),)

    def explanation(self) -> str:
        """Which one."""
        return f"shows {self.kind}/{self.name} with its events"


class Logs(Base):
    """The end of a log.

    Args:
        kind: `Pod`, or a workload, whose newest pod is read; empty: whichever has the name.
        previous: of the container's last, ended run.
    """

    do: Literal["logs"] = "logs"
    kind: Literal["", "Pod", "Deployment", "StatefulSet", "DaemonSet", "Job"] = ""
    name: Name
    container: Annotated[str, Field(pattern=r"^[a-z0-9-]*$")] = ""
    previous: bool = False
    tail: Annotated[int, Field(ge=1, le=5000)] = 100

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl logs`."""
        target = self.name if self.kind in ("", "Pod") else f"{self.kind.lower()}/{self.name}"
        argv = ["kubectl", "logs", target, *self.place()]
        argv += ["-c", self.container] if self.container else []
        argv += ["--previous"] if self.previous else []
        return ((*argv, f"--tail={self.tail}"),)

    def explanation(self) -> str:
        """Whose."""
        run = " of the last, ended run" if self.previous else ""
        whose = f"{self.kind or 'the pod or workload'} {self.name}"
        return f"shows the last {self.tail} lines of the log{run} of {whose}"


class Events(_Spread):
    """Events, oldest first.

    Args:
        kind, name: only those about this object, and about what it owns; empty: about all.
        failures: only warnings, about objects that fail.
    """

    do: Literal["events"] = "events"
    kind: Annotated[str, Field(pattern=r"^[A-Za-z]*$")] = ""
    name: Annotated[str, Field(pattern=r"^[a-z0-9.:-]*$")] = ""
    failures: bool = False

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl events`."""
        argv = ["kubectl", "events", *self.place()]
        argv += ["--for", f"{self.kind.lower()}/{self.name}"] if self.kind and self.name else []
        return ((*argv, *(("--types=Warning",) if self.failures else ())),)

    def explanation(self) -> str:
        """About what."""
        sort = "warnings" if self.failures else "events"
        about = f" about {self.kind or 'what is named'} {self.name} and what it owns" if self.name else ""
        about = about or (f" about {plural(self.kind)} and what they own" if self.kind else "")
        return f"shows {sort}{about} {self.where()}, newest last"

    def caveat(self) -> str:
        """kubectl's events know no owners."""
        if self.kind or self.name:
            return (
                "kubectl shows events of one object; kit also those of the pods and ReplicaSets that it owns"
            )
        return ""


class Top(_Spread):
    """What pods or nodes use, from the metrics API."""

    do: Literal["top"] = "top"
    of: Literal["pods", "nodes"] = "pods"
    by: Literal["memory", "cpu"] = "memory"

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl top`."""
        where = self.place() if self.of == "pods" else ()
        return (("kubectl", "top", self.of, *where, f"--sort-by={self.by}"),)

    def explanation(self) -> str:
        """Of what."""
        return (
            f"shows what {self.of} use{f' {self.where()}' if self.of == 'pods' else ''}, most {self.by} first"
        )


class Why(_Spread):
    """Root causes of what is wrong about an object, a namespace, or all.

    Args:
        kind, name: the object; a name alone is looked for among workloads and pods.
    """

    do: Literal["why"] = "why"
    kind: Annotated[str, Field(pattern=r"^[A-Za-z]*$")] = ""
    name: Annotated[str, Field(pattern=r"^[a-z0-9.:-]*$")] = ""

    def kubectl(self) -> tuple[Argv, ...]:
        """What a person would begin with."""
        if self.name and self.kind not in ("", "Pod"):
            return (("kubectl", "describe", self.kind.lower(), self.name, *Base.place(self)),)
        if not self.name:
            return (("kubectl", "get", "pods", *self.place()), ("kubectl", "events", *self.place()))
        named = (self.name, *Base.place(self))  # kubectl takes no name with -A
        return (("kubectl", "describe", "pod", *named), ("kubectl", "logs", *named, "--previous"))

    def explanation(self) -> str:
        """About what."""
        about = f"{self.kind}/{self.name}".strip("/") if self.name else "whatever is wrong"
        return f"finds the root causes of what is wrong: {about} {self.where()}"

    def caveat(self) -> str:
        """kubectl shows; it does not judge."""
        return "kubectl shows states, events and logs; kit reads them and says the cause (kit diagnose)"


class Rollout(Base):
    """How far a rollout is, or which revisions there are."""

    do: Literal["rollout"] = "rollout"
    of: Literal["status", "history"] = "status"
    kind: Literal["Deployment", "StatefulSet", "DaemonSet"] = "Deployment"
    name: Name

    def kubectl(self) -> tuple[Argv, ...]:
        """`kubectl rollout status` or `history`."""
        return (("kubectl", "rollout", self.of, f"{self.kind.lower()}/{self.name}", *self.place()),)

    def explanation(self) -> str:
        """Of what."""
        what = "how far the rollout is" if self.of == "status" else "the revisions"
        return f"shows {what} of {self.kind}/{self.name}"


Read = Get | Exposed | Describe | Logs | Events | Top | Why | Rollout
