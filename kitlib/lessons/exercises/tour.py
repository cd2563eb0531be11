"""Lesson 00: what a cluster holds, and how checks work."""

from __future__ import annotations

import re
from typing import Any

from kitlib.cluster import Cluster
from kitlib.lessons.catalogue import Section
from kitlib.lessons.exercise import Task
from kitlib.lessons.outcome import Verdict, nothing, right, wrong
from kitlib.wording import counted


def _setup(_: Cluster) -> list[dict[str, Any]]:
    def config(name: str, data: dict[str, str]) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}

    return [config("notice", {"text": "keep me"}), config("leftover", {"text": "nobody needs me"})]


def _nodes(cluster: Cluster, answer: Any) -> Verdict:
    count = len(cluster.list("Node"))
    if isinstance(answer, str):
        return wrong(repr(answer), "The answer is a number: leave out the quotes.")
    if answer == count:
        return right(counted(count, "node"))
    pods = len(cluster.list("Pod", everywhere=True))
    if answer == pods:
        return wrong(answer, "That is how many pods there are; a node is a machine that pods run on.")
    return wrong(answer, "Count every line of the list, the control plane's node as well.")


def _count_nodes(cluster: Cluster) -> int:
    return len(cluster.list("Node"))


def _version(cluster: Cluster, answer: Any) -> Verdict:
    found = cluster.version()
    short = ".".join(found.removeprefix("v").split(".")[:2])
    if isinstance(answer, int | float):
        return wrong(answer, 'Write it as text: as a number, 1.30 would be 1.3. For example "1.30".')
    if str(answer).removeprefix("v") in (short, found.removeprefix("v")):
        return right(found)
    if answer == "v1":
        return wrong(answer, "v1 is the version of the API's core group, not that of the server.")
    return wrong(answer, "kubectl shows its own version too; the server's is the one that is asked for.")


def _server_version(cluster: Cluster) -> str:
    return ".".join(cluster.version().removeprefix("v").split(".")[:2])


def _hello(cluster: Cluster, _: Any) -> Verdict:
    found = cluster.find("ConfigMap", "hello")
    if found is None:
        return nothing("there is no ConfigMap hello")
    data = found.get("data") or {}
    if data.get("greeting"):
        return right(f"greeting: {data['greeting']}")
    if near := [key for key in data if key.lower() == "greeting"]:
        return wrong(f"the key {near[0]}", "Keys are case-sensitive: greeting, in small letters.")
    if "greeting" in found.labels or "greeting" in (found["metadata"].get("annotations") or {}):
        return wrong(
            "greeting in metadata", "Labels and annotations describe an object; its content is in data."
        )
    return wrong(f"keys {', '.join(data) or 'none'}")


HELLO = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: hello
data:
  greeting: good morning
"""


def _team(cluster: Cluster, _: Any) -> Verdict:
    found = cluster.find("ConfigMap", "notice")
    if found is None:
        return wrong("there is no ConfigMap notice", "It was deleted; lesson.reset() brings it back.")
    team = found.labels.get("team")
    labels = ", ".join(f"{name}={value}" for name, value in found.labels.items())
    if team == "platform":
        return right(labels)
    if "platform" in found.labels:
        return wrong(labels, "The label's name is team, and platform its value.")
    if team is not None:
        return wrong(labels, "The value is platform, letter by letter: selectors compare exactly.")
    if "team" in (found["metadata"].get("annotations") or {}):
        return wrong("an annotation team", "Annotations are notes that nobody selects by: make it a label.")
    if "team" in (found.get("data") or {}):
        return wrong("a key team in data", "A label is in metadata.labels, not in the ConfigMap's content.")
    return nothing(labels or "no labels")


def _label_notice(cluster: Cluster) -> None:
    cluster.patch("ConfigMap", "notice", {"metadata": {"labels": {"team": "platform"}}})


def _tidy(cluster: Cluster, _: Any) -> Verdict:
    leftover, notice = (cluster.find("ConfigMap", name) for name in ("leftover", "notice"))
    if notice is None:
        return wrong(
            "notice is gone too",
            "Only leftover was to go; lesson.reset() begins the whole lesson anew.",
        )
    if leftover is None:
        return right("leftover is gone, and notice is there")
    if not leftover.get("data"):
        return wrong(
            "leftover is there, and empty", "Emptied is not deleted: the object is still in the list."
        )
    return nothing("leftover is there")


def _delete_leftover(cluster: Cluster) -> None:
    cluster.delete("ConfigMap", "leftover", missing_ok=True)


_UNKNOWN = re.escape("field not declared in schema")

SECTION = Section(
    "00",
    "The tour",
    (
        Task(
            "00-1", "count the nodes", _nodes, "the number of nodes", "kubectl get nodes",
            ("A node is a machine of the cluster, real or not.",
             "cluster.list(\"Node\") is a list, and a list has a length.",
             "q1.check(len(cluster.list(\"Node\")))"),
            _count_nodes, asks=True,
        ),
        Task(
            "00-2", "ask the server its version", _version, "the server's version, such as \"1.30\"",
            "kubectl version",
            ("The program kubectl and the server each have a version, and they may differ.",
             "cluster.version() asks the server.",
             "The first two numbers of cluster.version(), as text."),
            _server_version, asks=True,
        ),
        Task(
            "00-3", "make a ConfigMap", _hello, "a ConfigMap hello whose data has a greeting",
            "kubectl get configmap hello -o yaml -n $NAMESPACE",
            ("An object is written as what it should be: apiVersion, kind, metadata, and its content.",
             "The content of a ConfigMap is in data: names, and texts.",
             "data: {greeting: good morning}"),
            HELLO,
            errors=(
                (_UNKNOWN, "The server knows no field of that name. A ConfigMap's content is in data."),
                ("is for the namespace", "Leave metadata.namespace out: the lesson has its own."),
            ),
        ),
        Task(
            "00-4", "put a label on an object", _team, "the label team=platform on the ConfigMap notice",
            "kubectl get configmap notice --show-labels -n $NAMESPACE",
            ("Labels are how objects are found and grouped; they can be changed at any time.",
             "They are in metadata.labels.",
             'q4.do(cluster.patch, "ConfigMap", "notice", {"metadata": {"labels": {"team": "platform"}}})'),
            _label_notice,
        ),
        Task(
            "00-5", "delete one object, and only that", _tidy,
            "no ConfigMap leftover, and notice still there",
            "kubectl get configmaps -n $NAMESPACE",
            ("What is deleted is gone from the API server's store, with all it owned.",
             "cluster.delete takes a kind and a name.",
             "q5.do(cluster.delete, \"ConfigMap\", \"leftover\")"),
            _delete_leftover,
        ),
    ),
    _setup,
)  # fmt: skip
