"""From a prepared run to what its pod is told."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from typing import Any

from kitlib.errors import UsageError
from kitlib.runbooks import catalogue
from kitlib.runbooks.catalogue import Runbook
from kitlib.runbooks.preflight import Prepared
from kitlib.runbooks.remote.names import CLAIM, name_of
from kitlib.runbooks.remote.pod import Order, Store
from kitlib.settings import get_settings


def order_for(
    prepared: Prepared,
    given: Mapping[str, Any],
    image: str,
    *,
    timeout: float,
    account: str = "",
    user: str = "",
) -> Order:
    """What the pod of a prepared run is told.

    Args:
        prepared: the run.
        given: its parameters, as typed or as values; the others keep the notebook's defaults.
        image: the runner image.
        timeout: seconds for the run.
        account: its ServiceAccount; empty: named after runbook and target.
        user: who starts it, for the record; empty: this user.
    """
    cluster = prepared.cluster
    settings = get_settings()
    store = Store(settings.runner_records, settings.s3_endpoint, settings.runner_secret)
    rules = [rule for rule in settings.unattended if rule.runbook == prepared.runbook.name]
    return Order(
        runbook=prepared.runbook.name,
        parameters={name: typed(value) for name, value in given.items()},
        image=image,
        account=account or name_of(prepared),
        namespace=cluster.namespace,
        context=cluster.context,
        server=cluster.server,
        claim=CLAIM,
        store=store if store.records else None,
        timeout=timeout,
        unattended=tuple(rules),
        user=user or getpass.getuser(),
    )


def typed(value: Any) -> str:
    """A parameter's value as one types it on a command line."""
    if isinstance(value, str):
        return value
    return "null" if value is None else json.dumps(value)


def refuse_elsewhere(runbook: Runbook) -> None:
    """Refuse a notebook that is not in the runbooks folder: the image holds that folder and nothing else.

    Raises:
        UsageError: as above.
    """
    folder = catalogue.folder().resolve()
    if runbook.path.resolve().parent != folder:
        raise UsageError(
            f"{runbook.path} is not in {folder}, and so not in the runner image", fix=f"move it to {folder}"
        )
