"""Drift: specification against artifact against cluster, field by field.

    report = drift(Path("todo-app/specs"), cluster)
    report.findings      # empty: all three agree

Not compared: what the API server fills in, what controllers write (status, revisions, restarts), and the
number of replicas that an autoscaler owns.
"""

from __future__ import annotations

from pathlib import Path

from kitlib.artifacts.manifests import Target
from kitlib.cluster import Cluster
from kitlib.drift import live, sources
from kitlib.drift.against_spec import against_spec, with_spec
from kitlib.drift.report import Difference, Report
from kitlib.specs.models.base import Environment

__all__ = ["Difference", "Report", "drift"]


def drift(
    specs: Path,
    cluster: Cluster,
    *,
    environment: Environment = "development",
    release: str = "todo-app",
) -> Report:
    """Hold an application's specifications, their artifacts and a namespace against one another.

    Args:
        specs: the folder of the specifications; the project's root is two above.
        cluster: bound to the namespace.
        environment: which values and manifests the namespace has.
        release: the Helm release to look for; without it the plain manifests are taken.

    Raises:
        UsageError: a specification is wrong, or nothing of the application was deployed there.
        ClusterUnreachable: no API server answers.
        CommandFailed: the chart does not render.
    """
    from kitlib.artifacts import render
    from kitlib.artifacts.rendering import compare, read_folder

    reading = read_folder(specs)
    assert reading.spec is not None  # as read_folder has said
    folder = specs.resolve()
    root = folder.parents[1]
    target = Target(reading.spec, environment)
    cluster.version()  # unreachable: say so before anything else is looked at
    source = sources.find(target, root, cluster, release)
    compared = live.compare(cluster, source.objects)
    found = with_spec(live.differences(compared, source.fix), compared, target, reading)
    found += against_spec(compared, target, reading)
    found += live.extras(cluster, source.objects, source.labels)
    warnings = tuple(dict.fromkeys(text for item in compared for text in item.warnings))
    files = compare(render(reading.spec), root, folder).findings()
    return Report(source.title, tuple(found), files, warnings, len(compared))
