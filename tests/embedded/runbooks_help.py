"""What the tests of runbooks share: an environment in which kit finds the embedded cluster, and a run."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import nbformat
import yaml

from kitlib import runbooks
from kitlib.operations import draining


def never(_change):
    raise AssertionError("nothing should have been asked")


def use(monkeypatch, cluster, folder):
    """Let `kitlib.connect` find this cluster, and keep records in a folder of its own."""
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, cluster.api.binding.files)))
    monkeypatch.setenv("KIT_CONTEXT", cluster.context)
    monkeypatch.chdir(folder)


def write_runbook(path, sources, declared=1, metadata=None):
    """A notebook of these code cells.

    Args:
        declared: which of them declares the parameters.
        metadata: what the runbook declares about itself.
    """
    cells = [nbformat.v4.new_code_cell(text) for text in sources]
    cells[declared]["metadata"]["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    about = {"kernelspec": kernel, "kitlib": metadata or {}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=about), path)
    return str(path)


def as_service_account(cluster, folder):
    """A kubeconfig of the namespace's own ServiceAccount, which may do nothing by itself; its path."""
    path = f"/api/v1/namespaces/{cluster.namespace}/serviceaccounts/default/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = json.loads(cluster.api.raw("post", path, body=body).data)["status"]["token"]
    config = yaml.safe_load(cluster.api.binding.files[0].read_text())
    for user in config["users"]:
        user["user"] = {"token": token}
    limited = Path(folder) / "limited"
    limited.write_text(yaml.safe_dump(config))
    return str(limited)


def wait_empty(cluster, node):
    """Wait until the namespaces of earlier tests, which are still being deleted, hold no pod on a node.

    A whole node is drained, so their pods would be a part of the plan, or forbid it.
    """
    own, accepted = cluster.namespace, {"unmanaged": True, "local_data": True}
    deadline = time.monotonic() + 120
    while left := [pod for pod in draining.to_evict(cluster, node, **accepted) if pod["namespace"] != own]:
        assert time.monotonic() < deadline, f"pods of other tests stay on {node}: {left}"
        time.sleep(0.5)


def run(cluster, name, approve=lambda change: True, **given):
    """Run a runbook of the library on this cluster."""
    return runbooks.run(name, given, approve=approve, context=cluster.context, quiet=True)


def texts(result):
    """The planned actions of a run."""
    return [action["text"] for action in (result.record["plan"] or {}).get("actions", [])]


def deployment(name, replicas=1, **pod):
    """A Deployment of pods labelled app=NAME."""
    labels = {"app": name}
    spec = {"containers": [{"name": "web", "image": "web:1"}], **pod}
    template = {"metadata": {"labels": labels}, "spec": spec}
    body = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    head = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "labels": labels}}
    return head | {"spec": body}
