"""What the tests of runbooks on kind share."""

from __future__ import annotations

import os

from kitlib import runbooks, standins, tools
from kitlib.cluster import manage
from kitlib.settings import get_settings


def never(_change):
    raise AssertionError("nothing should have been asked")


def keep_records(monkeypatch, folder):
    """Keep the records of runs in a folder of the test's own."""
    monkeypatch.setenv("KIT_RUNS_DIR", str(folder / "runs"))
    get_settings.cache_clear()


def run(name, approve=lambda change: True, **given):
    """Run a runbook of the library."""
    return runbooks.run(name, given, approve=approve, quiet=True)


def texts(result):
    """The planned actions of a run."""
    return [action["text"] for action in (result.record["plan"] or {}).get("actions", [])]


def evidence(result, title):
    return next(item["text"] for item in result.record["evidence"] if item["title"] == title)


def python_image(kind_cluster):
    """An image with Python in it, on the cluster's nodes."""
    name = standins.image("python")
    manage.load(kind_cluster.name, [name])
    return name


def kubectl(cluster, *arguments, check=True):
    binding = cluster.api.binding
    env = {"KUBECONFIG": os.pathsep.join(map(str, binding.files))}
    where = ["--context", binding.context, "--namespace", cluster.namespace]
    return tools.run([tools.find("kubectl"), *where, *arguments], env=env, check=check)


def deployment(name, image, replicas=1, **container):
    """A Deployment of one container, labelled app=NAME, that ends at once when it is told to."""
    labels = {"app": name}
    spec = {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": image, **container}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    body = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    head = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels}}
    return head | {"spec": body}
