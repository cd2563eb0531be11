"""What lesson 02 shows on the cluster: the API's image as its own user, on a root it can't write to."""

from __future__ import annotations

from kitlib.lessons import workshop

PROGRAM = """
import os
print("user", os.getuid())
open("/tmp/mine", "w").write("x")
try:
    open("/app/mine", "w")
except OSError as error:
    print(error.strerror)
"""


def test_the_image_runs_restricted_as_the_user_of_its_specification(images, namespace):
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace.patch("Namespace", namespace.namespace, {"metadata": {"labels": labels}})
    node = namespace.list("Node")[0].name  # the kubelet takes some seconds to report an image
    namespace.wait("Node", node, until=lambda _: bool(workshop.on_nodes(namespace, "todo-api")))
    namespace.apply(workshop.trial(workshop.on_nodes(namespace, "todo-api"), PROGRAM))
    namespace.wait("Job", "trial", timeout=60)
    pod = namespace.list("Pod", labels={"batch.kubernetes.io/job-name": "trial"})[0].name
    said = str(namespace.logs(pod))
    assert "user 1000" in said
    assert "Read-only file system" in said


def test_an_image_that_no_node_holds_has_no_name(namespace):
    assert workshop.on_nodes(namespace, "todo-nothing") == ""
