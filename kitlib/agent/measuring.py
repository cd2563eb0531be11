"""Measured facts: what pods use, from the metrics API, and error rates, from Prometheus where one is set."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from kitlib import quantity
from kitlib.agent.facts import Usage
from kitlib.cluster import Cluster
from kitlib.errors import ClusterError
from kitlib.settings import get_settings

TIMEOUT_SECONDS = 5.0
MOST_TOLD = 300  # bytes of an answer that is an error
ERRORS, ALL = "5..", ".+"  # statuses; a counter without one counts what others count too


@dataclass(frozen=True)
class Rate:
    """How many requests a pod answers in a second, and how many of them with an error."""

    at: datetime
    total: float
    errors: float


@dataclass(frozen=True)
class Measured:
    """What was measured in one namespace; what could not be is absent, and `problems` says why."""

    usage: dict[str, Usage] = field(default_factory=dict)
    rates: dict[str, Rate] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class Meter(Protocol):
    """Measures a namespace."""

    def measure(self, namespace: str, *, rates: bool) -> Measured:
        """By the names of its pods; never raises.

        Args:
            rates: whether anybody asks for error rates.
        """


class LiveMeter:
    """The metrics API, and Prometheus if the setting `prometheus_url` names one."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def measure(self, namespace: str, *, rates: bool) -> Measured:
        """See `Meter`."""
        problems: list[str] = []
        usage: dict[str, Usage] = {}
        try:
            path = f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"
            usage = _usage(json.loads(self._cluster.api.raw("get", path).data))
        except (ClusterError, ValueError, KeyError, TypeError) as error:
            problems.append(f"metrics: {str(error).partition(chr(10))[0]}")
        found: dict[str, Rate] = {}
        if rates and (address := get_settings().prometheus_url):
            try:
                found = _rates(address, namespace)
            except (OSError, ValueError, KeyError, TypeError) as error:
                problems.append(f"Prometheus: {error}")
        return Measured(usage, found, tuple(problems))


def _usage(answer: dict[str, Any]) -> dict[str, Usage]:
    found = {}
    for item in answer["items"]:
        amounts = {
            one["name"]: (_number(one["usage"].get("cpu")), _number(one["usage"].get("memory")))
            for one in item["containers"]
        }
        found[str(item["metadata"]["name"])] = Usage(datetime.fromisoformat(item["timestamp"]), amounts)
    return found


def rate_query(namespace: str, status: str) -> str:
    """The requests that each pod of a namespace answers in a second, over five minutes.

    The counters have the usual name of the RED method; what an application calls its own ends like that. A
    rate has no name, so two counters of one pod would be one series twice, an error: a label keeps it.

    Args:
        namespace: whose pods.
        status: a pattern of the statuses that count.
    """
    counters = f'{{__name__=~".*http_requests_total",namespace="{namespace}",status=~"{status}"}}'
    named = f'label_replace({counters}, "counter", "$1", "__name__", "(.+)")'
    return f"sum by (pod) (rate({named}[5m:15s]))"


def _rates(address: str, namespace: str) -> dict[str, Rate]:
    errors = _query(address, rate_query(namespace, ERRORS))
    now = datetime.now(UTC)
    everything = _query(address, rate_query(namespace, ALL))
    return {pod: Rate(now, total, errors.get(pod, 0.0)) for pod, total in everything.items()}


def _query(address: str, text: str) -> dict[str, float]:
    if not address.startswith(("http://", "https://")):
        raise ValueError(f"{address} is no address of HTTP")
    query = urllib.parse.urlencode({"query": text})
    try:
        with urllib.request.urlopen(
            f"{address.rstrip('/')}/api/v1/query?{query}", timeout=TIMEOUT_SECONDS
        ) as answer:
            found = json.load(answer)
    except urllib.error.HTTPError as error:  # its body says what is wrong with the query
        told = error.read(MOST_TOLD).decode(errors="replace").strip()
        raise OSError(f"{error}: {told}") from None
    rows = [item for item in found["data"]["result"] if "pod" in item["metric"]]  # others are of no pod
    return {str(item["metric"]["pod"]): float(item["value"][1]) for item in rows}


def _number(value: Any) -> float:
    return float(quantity.parse(value) or 0)
