"""The images that faults use: public ones, or what stands in for them where no registry answers."""

from __future__ import annotations

import threading

from kitlib import standins
from kitlib.cluster import Cluster
from kitlib.cluster.offline import registry
from kitlib.cluster.providers import ClusterRecord, load_record, provider
from kitlib.cluster.providers.base import clusters_dir

IMAGES = {"PYTHON": "python:3.11-slim", "POSTGRES": "postgres:15", "REDIS": "redis:7"}
_locks = {word: threading.Lock() for word in IMAGES}
_loaded: dict[tuple[str, str], str] = {}  # server and word → image


def name(cluster: Cluster, word: str) -> str:
    """The name of an image, which the nodes of a kind cluster of kit's then have.

    Args:
        word: a key of `IMAGES`.

    Raises:
        MachineError, CommandFailed: it has to be built here, and can't be.
    """
    with _locks[word]:  # faults that are injected at once load an image once
        known = (cluster.server, word)
        if known not in _loaded:
            _loaded[known] = _provide(cluster, word)
        return _loaded[known]


def record_of(cluster: Cluster) -> ClusterRecord | None:
    """The record of a kind cluster that kit made; None for every other."""
    for path in sorted(clusters_dir().glob("*.json")):
        record = load_record(path.stem)
        if record and record.context == cluster.context and record.provider == "kind":
            return record
    return None


def _provide(cluster: Cluster, word: str) -> str:
    record = record_of(cluster)
    if record is None or registry.answers():
        return IMAGES[word]
    image = standins.image(word.lower())
    provider(record.provider).load(record.name, [image])
    return image
