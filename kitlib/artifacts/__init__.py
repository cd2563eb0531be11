"""Artifacts: the files that an application's specifications stand for."""

from __future__ import annotations

from kitlib.artifacts.artifact import Artifact
from kitlib.specs.application import Application

__all__ = ["Artifact", "render"]


def render(app: Application) -> list[Artifact]:
    """Every file that an application's specifications stand for, in a fixed order; nothing is written.

    Raises:
        UsageError: the specifications lack something that a file needs.
    """
    from kitlib.artifacts.argo import argo
    from kitlib.artifacts.compose import compose
    from kitlib.artifacts.dockerfiles import dockerfiles
    from kitlib.artifacts.manifests import manifests
    from kitlib.artifacts.pulumi_program import pulumi_program
    from kitlib.artifacts.scripts import scripts
    from kitlib.artifacts.values import chart_values
    from kitlib.artifacts.workflow import workflow

    makers = (dockerfiles, compose, scripts, argo, workflow, manifests, chart_values, pulumi_program)
    return [artifact for make in makers for artifact in make(app)]
