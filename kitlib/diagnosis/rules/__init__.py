"""The rules: small functions from Evidence to findings, causes before symptoms.

A rule's place is its rank. Rules after `SYMPTOMS_FROM` tell what a deeper cause looks like from outside: a
crash, a failing probe. Where a cause was found in the same workload, they become its evidence.
"""

from __future__ import annotations

from collections.abc import Callable

from kitlib.diagnosis.evidence import Evidence
from kitlib.diagnosis.rules.addresses import unresolved_host, wrong_port
from kitlib.diagnosis.rules.configuration import missing_configuration, refused_container
from kitlib.diagnosis.rules.images import image_pull
from kitlib.diagnosis.rules.resources import failed_create, out_of_memory, unschedulable
from kitlib.diagnosis.rules.running import crash_loop, probe_failing
from kitlib.findings import Finding

Rule = Callable[[Evidence], list[Finding]]

CAUSES: tuple[Rule, ...] = (
    failed_create,
    unschedulable,
    missing_configuration,
    refused_container,
    image_pull,
    unresolved_host,
    wrong_port,
    out_of_memory,
)
SYMPTOMS: tuple[Rule, ...] = (probe_failing, crash_loop)
