"""A runbook as if it had been prepared, without a cluster."""

from __future__ import annotations

from pathlib import Path

from kitlib.cluster import Cluster
from kitlib.cluster.kubeconfig import Binding
from kitlib.runbooks.catalogue import Runbook
from kitlib.runbooks.preflight import Prepared
from kitlib.runbooks.remote.pod import Order

PERMISSIONS = [
    {"group": "", "resource": "pods", "verbs": ["list"]},
    {"group": "", "resource": "pods/log", "verbs": ["get"]},
    {"group": "apps", "resource": "deployments", "verbs": ["get", "list"]},
    {"group": "", "resource": "nodes", "verbs": ["list"]},
]
NAMESPACED = {("", "pods"): True, ("apps", "deployments"): True, ("", "nodes"): False}
SERVER = "https://127.0.0.1:40001"


def prepared(parameters=None, permissions=PERMISSIONS, cell='namespace: Namespace = "shop"'):
    metadata = {"tags": ["parameters"]}
    content = {
        "cells": [{"cell_type": "code", "source": cell, "metadata": metadata}],
        "metadata": {"kitlib": {"permissions": permissions}},
    }
    binding = Binding((), "kind-kit", SERVER, "", False)
    book = Runbook("capacity-report", Path("runbooks/capacity-report.ipynb"), content)
    return Prepared(book, book.parameters.coerce(parameters or {}), Cluster(binding, namespace="shop"))


def order(**more):
    given = {
        "runbook": "capacity-report",
        "parameters": {"namespace": "shop"},
        "image": "kit-runner:abc",
        "account": "kit-capacity-report-0123456789",
        "namespace": "shop",
        "context": "kind-kit",
        "server": SERVER,
        "claim": "kit-runs",
        "timeout": 600.0,
        "user": "alice",
    }
    return Order(**{**given, **more})
