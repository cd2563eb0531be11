"""An application's specifications together: what artifacts are made from."""

from __future__ import annotations

from pydantic import model_validator

from kitlib.specs.models.agent import AgentConfig
from kitlib.specs.models.ai_operations import AiOperations
from kitlib.specs.models.architecture import Architecture
from kitlib.specs.models.base import SpecModel
from kitlib.specs.models.build import Build
from kitlib.specs.models.communication import Communication
from kitlib.specs.models.container import Container
from kitlib.specs.models.infrastructure import Infrastructure
from kitlib.specs.models.local_cluster import LocalCluster


class Application(SpecModel):
    """All specifications of an application; `containers` by the name of their service."""

    architecture: Architecture
    containers: dict[str, Container]
    communication: Communication
    build: Build
    local_cluster: LocalCluster
    ai_operations: AiOperations | None = None
    agent: AgentConfig | None = None
    infrastructure: Infrastructure | None = None

    @model_validator(mode="after")
    def _complete(self) -> Application:
        missing = [s.name for s in self.architecture.services if s.name not in self.containers]
        if missing:
            raise ValueError(f"no container specification for {', '.join(missing)}")
        return self
