"""What lesson 05 shows of images: which ones nodes hold, one that was not loaded, one from no registry."""

from __future__ import annotations

from kitlib.cluster.resource import pod_state
from kitlib.lessons import local, web
from kitlib.lessons.exercises import local_clusters, machines


def test_nodes_tell_which_images_they_hold(namespace):
    assert web.image(namespace) in local.held(namespace)


def test_an_image_that_was_not_loaded_is_named_at_once(namespace):
    container = {"name": "shop", "image": "shop:dev-2", "imagePullPolicy": "Never"}
    namespace.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "absent"},
            "spec": {"containers": [container]},
        }
    )
    namespace.wait("Pod", "absent", until=lambda pod: "ErrImageNeverPull" in pod_state(pod), timeout=60)


def test_the_solution_starts_the_shop_without_a_registry(namespace):
    namespace.apply(local_clusters.SECTION.setup(namespace))
    machines.never_pull(namespace)
    namespace.wait("Deployment", "shop", timeout=60)
    assert machines.pull_policy(namespace, None).outcome == "correct"
