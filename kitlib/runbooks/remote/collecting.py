"""Bringing records of runs in the cluster back: into the local runs folder, as if they had been run here."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kitlib.cluster import Cluster
from kitlib.cluster.connect import connect
from kitlib.errors import NotFound, UsageError
from kitlib.runbooks import catalogue, history, record
from kitlib.runbooks.remote import image as images
from kitlib.runbooks.remote.storage import records
from kitlib.runbooks.remote.stored import Records
from kitlib.settings import get_settings

RAN_IN = "pod"  # in record.json: which pod ran it


def collect(*, context: str | None = None, image: str | None = None) -> list[Path]:
    """Bring every record that is on the volume and not here yet, such as those of scheduled runs.

    Args:
        context: a context of your own kubeconfig; none: as `kitlib.connect`.
        image: the runner image; none: as `image.ensure`.

    Returns:
        Their folders, oldest first.

    Raises:
        ClusterUnreachable, ApiError, WaitTimeout: the volume can't be read.
    """
    cluster = connect(context, namespace=get_settings().runner_namespace)
    name = "" if get_settings().runner_records else images.ensure(cluster, context, image)
    with records(cluster, name) as found:
        here = {record.read(folder).get(RAN_IN) for folder in history.folders()}
        pods = [item.pod for item in found.stored() if item.pod not in here]
        return [folder for pod in pods for folder in bring(found, pod, context)]


def of_pods(cluster: Cluster, image: str, pods: Iterable[str], context: str | None) -> list[Path]:
    """Bring what certain pods left; see `collect`."""
    with records(cluster, image) as found:
        return [folder for pod in pods for folder in bring(found, pod, context)]


def bring(found: Records, pod: str, context: str | None) -> list[Path]:
    """Bring what one pod left: its records, its part of the audit, and the way to undo what it did."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        try:
            found.fetch(pod, place)
        except NotFound:
            return []  # it was refused, or ended, before it began a record
        folders = [
            _adopt(path.parent, place / "state", pod, context)
            for path in sorted(place.glob("runs/*/record.json"))
        ]
        _keep_preimages(place / "state" / "undo")
    return folders


def _adopt(source: Path, state: Path, pod: str, context: str | None) -> Path:
    """Put one record among the local ones, so that report, compare, resume and undo find it."""
    head: dict[str, Any] = json.loads((source / "record.json").read_text())
    head |= {RAN_IN: pod, "context_given": context, "notebook": _notebook(head)}
    (source / "record.json").write_text(json.dumps(head, indent=2, ensure_ascii=False))
    if (state / "audit.jsonl").is_file():
        shutil.copy(state / "audit.jsonl", source / "audit.jsonl")
    target = _free(get_settings().runs_dir / source.name).absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.move(source, target))


def _notebook(head: dict[str, Any]) -> str:
    """Where the notebook is here; the record knows where it is in the image."""
    try:
        return catalogue.find(head["runbook"]).name_or_path
    except UsageError:
        return str(head["notebook"])


def _free(path: Path) -> Path:
    """The path, with a number where another run has that name."""
    numbered = (path.with_name(f"{path.name}-{number}") for number in range(2, 1000))
    return path if not path.exists() else next(other for other in numbered if not other.exists())


def _keep_preimages(folder: Path) -> None:
    """What objects were before the run changed them: `kit undo` looks for that in the local state."""
    place = get_settings().state_dir / "undo"
    for source in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = place / source.name
        with open(target, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(source.read_text())
