"""What the tests of runbooks share: an environment in which kit finds the embedded cluster, and a run."""

from __future__ import annotations

import os

from kitlib import runbooks


def never(_change):
    raise AssertionError("nothing should have been asked")


def use(monkeypatch, cluster, folder):
    """Let `kitlib.connect` find this cluster, and keep records in a folder of its own."""
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, cluster.api.binding.files)))
    monkeypatch.setenv("KIT_CONTEXT", cluster.context)
    monkeypatch.chdir(folder)


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
