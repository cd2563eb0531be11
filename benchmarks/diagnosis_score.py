"""How many faults of the catalogue the diagnosis names: on a real cluster, without a model.

Run: make bench-diagnosis, or: uv run python benchmarks/diagnosis_score.py [--keep DIR] [FAULT ...]. It
makes a kind cluster of three nodes with add-ons, and an embedded control plane for what needs no containers;
injects each fault into a namespace of its own, diagnoses that namespace once the symptom shows, and writes
diagnosis_score.md. --keep DIR saves what each diagnosis rested on, as tests/unit/evidence holds it; --from
DIR scores what was saved so, and asks no cluster.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kitlib import faults
from kitlib.cluster import Cluster, addons, manage
from kitlib.cluster.embedded import running
from kitlib.diagnosis import Diagnosis, examine, load
from kitlib.diagnosis.reading import scan
from kitlib.errors import KitError
from kitlib.faults import Fault
from kitlib.faults.scoring import Score, score
from kitlib.findings import Ref

TABLE = Path(__file__).with_name("diagnosis_score.md")
CLUSTER, NODES = "bench-diagnosis", 3
AT_A_TIME = 4  # they mostly wait; more at once only makes all of them late on two cores
SETTLE_SECONDS = 3.0  # between the symptom and the look: events and endpoints are written a moment later


@dataclass(frozen=True)
class Outcome:
    """What became of one fault: its score, or why it could not be injected."""

    fault: Fault
    score: Score | None
    seconds: float
    failed: str = ""


def main() -> None:
    """Score the whole catalogue, or some faults of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--from", type=Path, dest="saved")
    parser.add_argument("--cluster", default="", help="a kind cluster that is there, instead of a new one")
    parser.add_argument("faults", nargs="*")
    given = parser.parse_args()
    chosen = [faults.find(name) for name in given.faults] if given.faults else faults.load()
    outcomes = [from_file(given.saved, fault) for fault in chosen] if given.saved else []
    for sort, cluster in (("embedded", running(nodes=2)), ("kind", on_kind(given.cluster))):
        wanted = [fault for fault in chosen if fault.cluster == sort]
        if wanted and not given.saved:
            with cluster as made:
                outcomes += run_all(made, wanted, given.keep)
    text = table(outcomes)
    if not given.faults:
        TABLE.write_text(text)
    print(text)


@contextmanager
def on_kind(name: str) -> Iterator[Cluster]:
    """A kind cluster with the add-ons that faults need; one that is named is left as it is."""
    record = manage.up(name or CLUSTER, "kind", nodes=NODES)
    addons.enable(record.name, ["network-policy", "ingress"])
    try:
        yield record.connect()
    finally:
        if not name:
            manage.down(CLUSTER)


def run_all(cluster: Cluster, chosen: list[Fault], keep: Path | None) -> list[Outcome]:
    """Independent faults beside each other, those that touch the whole cluster alone."""
    together = [fault for fault in chosen if not fault.exclusive]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        outcomes = list(pool.map(lambda fault: run_one(cluster, fault, keep), together))
    return outcomes + [run_one(cluster, fault, keep) for fault in chosen if fault.exclusive]


def from_file(folder: Path, fault: Fault) -> Outcome:
    """Score a scan that was saved."""
    path = folder / f"{fault.id}.json.gz"
    if not path.is_file():
        return Outcome(fault, None, 0.0, "no scan of it was saved")
    found = load(path)
    return Outcome(fault, score(fault, examine(found), place(fault)), 0.0)


def place(fault: Fault) -> str:
    """The namespace that a fault is injected into."""
    return f"score-{fault.id}"[:60]


def run_one(cluster: Cluster, fault: Fault, keep: Path | None) -> Outcome:
    """Inject, look, clean up."""
    here = cluster.within(place(fault))
    started = time.monotonic()
    try:
        faults.inject(here, fault)
        seconds = time.monotonic() - started
        time.sleep(SETTLE_SECONDS)
        found = scan(here, "" if _elsewhere(fault) else here.namespace)
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            found.save(keep / f"{fault.id}.json.gz")
        outcome = Outcome(
            fault, score(fault, within(examine(found), here.namespace), here.namespace), seconds
        )
    except KitError as error:
        outcome = Outcome(fault, None, time.monotonic() - started, error.message)
    finally:
        faults.clean(here, fault)
    print(line(outcome), flush=True)
    return outcome


def within(found: Diagnosis, namespace: str) -> Diagnosis:
    """Without the causes of other faults, which are in the cluster at the same time."""
    mine = [
        c for c in found.causes if isinstance(where := c.finding.object, Ref) and _is_in(where, namespace)
    ]
    return replace(found, causes=tuple(mine))


def _is_in(where: Ref, namespace: str) -> bool:
    place = where.name if where.kind == "Namespace" else where.namespace
    return not place or place == "kube-system" or place.startswith(namespace)


def _elsewhere(fault: Fault) -> bool:
    """Whether a fault has a namespace beside its own, so that one has to look at all."""
    return any(item["kind"] == "Namespace" for item in fault.start)


def line(outcome: Outcome) -> str:
    """One fault's row."""
    result = outcome.score
    if result is None:
        return f"| {outcome.fault.id} | not scored | {outcome.failed[:120]} | |"
    verdict = "right" if result.right and result.first else "not first" if result.right else "wrong"
    false = "; ".join(result.false).replace("|", "/")
    return f"| {outcome.fault.id} | {verdict} | {result.said.replace('|', '/')} | {false} |"


def table(outcomes: list[Outcome]) -> str:
    """The whole as Markdown: totals, failures first."""
    scored = [o for o in outcomes if o.score]
    ill = [o.score for o in scored if o.score and not o.fault.healthy]
    well = [o.score for o in scored if o.score and o.fault.healthy]
    first, right = sum(s.right and s.first for s in ill), sum(s.right for s in ill)
    alarms = sum(not s.right for s in well)
    rows = sorted(outcomes, key=lambda o: (_solved(o), o.fault.family, o.fault.id))
    return "\n".join(
        [
            "# Score of the diagnosis over the fault catalogue",
            "",
            "Written by `make bench-diagnosis`; without a model. Right: object and field of the cause, or",
            "of a control nothing. The last column: what was named and should not have been.",
            "",
            f"Faults: {first} of {len(ill)} named in first place, {right} named at all.",
            f"Controls: {alarms} false alarms on {len(well)}. Not scored: {len(outcomes) - len(scored)}.",
            "",
            "| fault | verdict | named first | false |",
            "|---|---|---|---|",
            *map(line, rows),
            "",
        ]
    )


def _solved(outcome: Outcome) -> bool:
    return bool(outcome.score and outcome.score.right and outcome.score.first)


if __name__ == "__main__":
    main()
