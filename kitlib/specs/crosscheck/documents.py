"""An application's documents as the cross-checks see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from kitlib.findings import Finding, Severity
from kitlib.specs.models.agent import AgentConfig
from kitlib.specs.models.ai_operations import AiOperations
from kitlib.specs.models.architecture import Architecture
from kitlib.specs.models.base import SpecModel
from kitlib.specs.models.build import Build
from kitlib.specs.models.communication import Communication
from kitlib.specs.models.container import Container
from kitlib.specs.models.infrastructure import Infrastructure
from kitlib.specs.models.local_cluster import LocalCluster
from kitlib.specs.problems import Loc, problem
from kitlib.specs.result import Reading

M = TypeVar("M", bound=SpecModel)


@dataclass(frozen=True)
class Documents:
    """The documents by their path in an application; each is None while it has errors."""

    readings: Mapping[Loc, Reading[SpecModel]]

    def _model(self, model: type[M], *loc: str) -> M | None:
        reading = self.readings.get(loc)
        return reading.spec if reading and isinstance(reading.spec, model) else None

    @property
    def architecture(self) -> Architecture | None:
        return self._model(Architecture, "architecture")

    @property
    def communication(self) -> Communication | None:
        return self._model(Communication, "communication")

    @property
    def build(self) -> Build | None:
        return self._model(Build, "build")

    @property
    def local_cluster(self) -> LocalCluster | None:
        return self._model(LocalCluster, "local_cluster")

    @property
    def infrastructure(self) -> Infrastructure | None:
        return self._model(Infrastructure, "infrastructure")

    @property
    def ai_operations(self) -> AiOperations | None:
        return self._model(AiOperations, "ai_operations")

    @property
    def agent(self) -> AgentConfig | None:
        return self._model(AgentConfig, "agent")

    @property
    def container_names(self) -> list[str]:
        """The names of all container specifications, also of those with errors."""
        return [str(loc[1]) for loc in self.readings if loc[0] == "containers"]

    def container(self, name: str) -> Container | None:
        """A container specification by its name."""
        return self._model(Container, "containers", name)

    def file(self, *loc: str) -> str:
        """The file of a document."""
        return self.readings[loc].file

    def line(self, document: Loc, *path: str | int) -> str:
        """Where a field stands, as `file:line`."""
        return self.readings[document].where(*path)

    def problem(
        self,
        id: str,
        document: Loc,
        path: Loc,
        *,
        found: str,
        expected: str,
        fix: str,
        why: str,
        severity: Severity = "error",
    ) -> Finding:
        """A finding on a field of a document; see `kitlib.specs.problems.problem`."""
        reading = self.readings[document]
        where, words = reading.where(*path), reading.words_of(*path)
        return problem(id, where, words, found=found, expected=expected, fix=fix, why=why, severity=severity)
