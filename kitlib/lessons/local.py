"""What lesson 05 looks at: the chart as values render it, images on nodes, and an answer by host name."""

from __future__ import annotations

import http.client
import time
from pathlib import Path
from typing import Any

import yaml

from kitlib import tools
from kitlib.app.images import checkout
from kitlib.cluster import Cluster

SECONDS = 60.0


def rendered(values: str = "") -> dict[tuple[str, str], dict[str, Any]]:
    """The objects of the application's chart, with its development values and others over them.

    Args:
        values: YAML text.

    Returns:
        The objects by kind and name.

    Raises:
        CommandFailed: Helm, or the chart's schema, refuses the values.
    """
    chart = checkout() / "charts/todo-app"
    options: list[str | Path] = ["--values", chart / "values-dev.yaml", "--values", "-"]
    options += ["--set-string", "postgresql.auth.password=only-to-render"]
    command: list[str | Path] = [tools.find("helm"), "template", "todo-app", chart, *options]
    text = tools.run(command, input=values, timeout=SECONDS).stdout
    return {(item["kind"], item["metadata"]["name"]): item for item in yaml.safe_load_all(text) if item}


def held(cluster: Cluster) -> list[str]:
    """The names of the images that the nodes hold, as the kubelets report them, without digests."""
    found = {
        name.removeprefix("docker.io/library/")
        for node in cluster.list("Node")
        for item in node.at("status.images", [])
        for name in item.get("names") or []
        if "@" not in name
    }
    return sorted(found)


def by_host(address: str, host: str, path: str = "/", *, port: int = 80, patience: float = 30.0) -> int:
    """Ask an address as a browser would that had found it under a host's name.

    Args:
        address: where the Ingress controller listens, such as a node's.
        host: the name that the Ingress has a rule for.
        patience: seconds until the last attempt; a controller takes a moment to learn of an Ingress.

    Returns:
        The answer's status; 0 where nothing answered.
    """
    end = time.monotonic() + patience
    while True:
        connection = http.client.HTTPConnection(address, port, timeout=5)
        try:
            connection.request("GET", path, headers={"Host": host})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            status = 0
        finally:
            connection.close()
        if status == 200 or time.monotonic() > end:
            return status
        time.sleep(0.5)


def address(cluster: Cluster) -> str:
    """The address of a node."""
    found = cluster.list("Node")[0].at("status.addresses", [])
    return next(str(item["address"]) for item in found if item["type"] == "InternalIP")
