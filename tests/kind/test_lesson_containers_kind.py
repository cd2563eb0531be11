"""What lesson 02 shows with Docker and on the cluster: the API's image, and what its user may do."""

from __future__ import annotations

import pytest

from kitlib import docker, tools
from kitlib.errors import WaitTimeout
from kitlib.lessons import workbench, workshop

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


@pytest.fixture(scope="module")
def built():
    return workbench.build("api")


def test_an_image_is_told_by_what_was_built(built):
    assert (built.user, built.command) == ("1000:1000", ("python", "-m", "app.main"))
    assert "a health check" in repr(built)
    found = workbench.layers(built)
    assert found["instruction"].str.contains("COPY").any()
    assert abs(found["MB"].sum() - built.megabytes) < 5
    root = workbench.build("api", "builder")
    assert root.user == ""
    assert "no health check" in repr(root)


def test_an_image_that_runs_is_alive_and_not_ready_without_its_database(built):
    with workbench.run(built, *workbench.HARDENED, DATABASE_URL="postgresql://db/none") as container:
        assert container.health() == "healthy"
        assert container.ask("/health/live").startswith("200")
        assert container.ask("/health/ready").startswith("503")
        assert "GET /health/ready 503" in container.logs(20)
    assert tools.run(["docker", "inspect", container.id], check=False).returncode != 0


def test_a_container_that_ends_is_not_waited_for(built):
    with (
        workbench.run(built, "--entrypoint", "false") as container,
        pytest.raises(WaitTimeout, match="not healthy"),
    ):
        container.health()


def test_each_option_takes_a_right_away(built):
    found = workbench.rights(built, {"root": ("--user", "0"), "built": (), "hardened": workbench.HARDENED})
    assert found["root"].tolist()[1:] == [14, True, True, True]
    assert found["built"].tolist() == [1000, 0, True, False, True]
    assert found["hardened"].tolist() == [1000, 0, False, False, True]


def test_what_an_image_holds_is_counted(built):
    found = workbench.contents(built)
    assert found["compilers"] == []
    assert found["secrets"] == []
    assert "passwd" in found["of those setuid"]
    assert found["system packages"] > 50
    assert found["Python packages"] > 20


def test_a_secret_among_an_images_variables_is_found(tmp_path, built):
    (tmp_path / "Dockerfile").write_text(f"FROM {built.name}\nENV API_TOKEN=0f9e8d7c6b5a4938\n")
    name = "kit-test-secret:1"
    docker.build(tmp_path, name)
    try:
        assert workbench.contents(workbench.image(name))["secrets"] == ["API_TOKEN"]
    finally:
        tools.run(["docker", "image", "rm", name], check=False)
