"""The rules: small functions from what was read to causes, a module for each family.

A rule about one workload takes its Evidence; a rule about objects that no workload owns takes the whole Scan.
Which of several findings is the root is decided by kitlib.diagnosis.ranking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from kitlib.diagnosis.cause import Cause, Scan, Strength
from kitlib.diagnosis.evidence import Evidence
from kitlib.diagnosis.rules.absent import absent
from kitlib.diagnosis.rules.addresses import unresolved_host, wrong_port, wrong_scheme
from kitlib.diagnosis.rules.admission import refused
from kitlib.diagnosis.rules.autoscaling import autoscalers
from kitlib.diagnosis.rules.cluster_dns import dns
from kitlib.diagnosis.rules.commands import commands
from kitlib.diagnosis.rules.configuration import missing_configuration, refused_container
from kitlib.diagnosis.rules.daemons import daemons
from kitlib.diagnosis.rules.images import image_pull
from kitlib.diagnosis.rules.ingress import ingresses
from kitlib.diagnosis.rules.jobs import cron_jobs, jobs
from kitlib.diagnosis.rules.lifecycle import budgets, namespaces, slow_to_end, stuck_objects
from kitlib.diagnosis.rules.memory import out_of_memory
from kitlib.diagnosis.rules.nodes import evicted, nodes
from kitlib.diagnosis.rules.policies import blocked
from kitlib.diagnosis.rules.probes import probes
from kitlib.diagnosis.rules.rbac import forbidden
from kitlib.diagnosis.rules.rewritten import rewritten
from kitlib.diagnosis.rules.running import crash_loop, probe_failing
from kitlib.diagnosis.rules.said import said
from kitlib.diagnosis.rules.scheduling import unschedulable
from kitlib.diagnosis.rules.services import services
from kitlib.diagnosis.rules.storage import attached_elsewhere, claims, missing_claims
from kitlib.diagnosis.rules.usage import usage
from kitlib.findings import Finding

# Each gives findings about the workload itself: a contradiction, unless it is a symptom.
SHOWN: tuple[Callable[[Evidence], list[Finding]], ...] = (
    missing_configuration,
    refused_container,
    image_pull,
    unresolved_host,
    wrong_port,
    wrong_scheme,
    out_of_memory,
)
SYMPTOMS: tuple[Callable[[Evidence], list[Finding]], ...] = (probe_failing, crash_loop)
OF_A_WORKLOAD: tuple[Callable[[Evidence], list[Cause]], ...] = (
    refused,
    unschedulable,
    commands,
    probes,
    said,
)
OF_ALL: tuple[Callable[[Scan], Iterable[Cause]], ...] = (
    nodes,
    dns,
    claims,
    missing_claims,
    attached_elsewhere,
    blocked,
    services,
    absent,
    ingresses,
    forbidden,
    autoscalers,
    rewritten,
    evicted,
    jobs,
    cron_jobs,
    daemons,
    stuck_objects,
    namespaces,
    slow_to_end,
    budgets,
    usage,
)


def about(evidence: Evidence) -> Iterator[Cause]:
    """What is wrong with one workload."""
    where = (evidence.ref,)
    for rule in SHOWN:
        yield from (Cause(finding, where) for finding in rule(evidence))
    for inner in OF_A_WORKLOAD:
        yield from inner(evidence)
    for symptom in SYMPTOMS:
        yield from (Cause(finding, where, strength=Strength.SYMPTOM) for finding in symptom(evidence))


def about_all(scan: Scan) -> Iterator[Cause]:
    """What is wrong with objects that stand beside workloads."""
    for rule in OF_ALL:
        yield from rule(scan)
