"""A schedule as values for the chart kit-runner, so that nobody copies permissions by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from kitlib.runbooks import catalogue, engine, preflight
from kitlib.runbooks.remote import names, permissions
from kitlib.runbooks.remote.cron import Timing
from kitlib.runbooks.remote.orders import order_for, refuse_elsewhere
from kitlib.runbooks.remote.pod import Order


def chart_values(
    name: str,
    given: Mapping[str, Any],
    timing: Timing,
    *,
    title: str = "",
    timeout: float = engine.DEFAULT_TIMEOUT,
    context: str | None = None,
) -> str:
    """The values of a chart with this one schedule, as YAML; for the arguments see `cron.add`.

    Raises:
        UsageError, PrecheckFailed, ClusterUnreachable: see `preflight.check`.
    """
    prepared = preflight.check(catalogue.find(name), given, context=context)
    refuse_elsewhere(prepared.runbook)
    title = names.title_of(prepared, title)
    order = order_for(prepared, given, "", timeout=timeout)
    values = values_of(order, timing, title, names.target(prepared), permissions.grant(prepared))
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def values_of(
    order: Order, timing: Timing, title: str, target: str, granted: permissions.Grant
) -> dict[str, Any]:
    """The values, as data."""
    rules = permissions.rules(granted.namespaced)
    entry = {
        "name": title,
        "runbook": order.runbook,
        "target": target,
        "cron": timing.cron,
        "timeZone": timing.time_zone,
        "namespace": order.namespace,
        "parameters": dict(order.parameters),
        "timeoutSeconds": int(order.timeout),
        "roles": [{"namespace": place, "rules": rules} for place in granted.namespaces if rules],
        "clusterRules": permissions.rules(granted.wide),
        "unattended": [item.model_dump(mode="json") for item in order.unattended],
    }
    values = {"cluster": {"context": order.context, "server": order.server}, "schedules": [entry]}
    if order.store is None:
        return values
    store = {"records": order.store.records, "endpoint": order.store.endpoint}
    return values | {"s3": store | {"existingSecret": order.store.secret}}
