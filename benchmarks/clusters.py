"""How long a cluster takes from nothing to ready, and the memory it then holds: kind beside embedded.

Run: uv run python benchmarks/clusters.py [RUNS]; what is built once (node image, executables) must be there.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import uuid

import psutil

from kitlib import tools
from kitlib.cluster import manage
from kitlib.cluster.providers import ClusterRecord

MEBIBYTE = 2**20


def main() -> None:
    """Make and remove a cluster of each sort RUNS times; print medians."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as state:
        os.environ["KIT_STATE_DIR"] = state  # the clusters of the person who measures stay as they are
        for provider in ("embedded", "kind"):
            found = [measure(provider) for _ in range(runs)]
            ready, memory = (statistics.median(values) for values in zip(*found, strict=True))
            print(f"{provider:9} ready in {ready:5.1f} s, {memory:5.0f} MiB, median of {runs}")


def measure(provider: str) -> tuple[float, float]:
    """Seconds until `manage.up` returns, and MiB afterwards: shared pages counted once (PSS)."""
    name = f"bench-{uuid.uuid4().hex[:6]}"
    started = time.perf_counter()
    record = manage.up(name, provider)
    ready = time.perf_counter() - started
    try:
        return ready, memory(record) / MEBIBYTE
    finally:
        manage.down(name)


def memory(record: ClusterRecord) -> float:
    """The memory of all processes of a cluster, in bytes."""
    if record.provider == "kind":
        roots = [
            int(tools.run(["docker", "inspect", "-f", "{{.State.Pid}}", owned]).stdout)
            for owned in record.owned
        ]
    else:
        roots = [int(mark.split()[1]) for mark in record.owned]
    processes = {p.pid: p for root in roots for p in family(psutil.Process(root))}
    return float(sum(map(proportional, processes.values())))


def proportional(process: psutil.Process) -> int:
    """A process's share of memory, in bytes; 0 for one that has ended meanwhile, such as a probe."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0


def family(root: psutil.Process) -> list[psutil.Process]:
    """A process and all its descendants."""
    return [root, *root.children(recursive=True)]


if __name__ == "__main__":
    main()
