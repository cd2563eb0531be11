"""The application's Helm release: installed, upgraded, freed when an interrupted Helm left it locked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kitlib import tools
from kitlib.cluster.providers import ClusterRecord
from kitlib.progress import say, stage

HISTORY = 5
TIMEOUT = 300.0


@dataclass(frozen=True)
class Release:
    """A Helm release in a namespace of a cluster.

    Args:
        record: the cluster.
        namespace: where the release is.
        name: the release's name; the chart's objects are named after it.
    """

    record: ClusterRecord
    namespace: str
    name: str = "todo-app"

    def state(self) -> str:
        """Helm's word for how the release is, such as `deployed` or `pending-upgrade`; `absent`: none."""
        known = json.loads(self._helm("list", "--all", "--filter", f"^{self.name}$", "-o", "json"))
        return str(known[0]["status"]) if known else "absent"

    def upgrade(self, chart: Path, files: list[Path], values: dict[str, Any]) -> None:
        """Install the release or bring it up to date.

        Args:
            chart: the chart's folder.
            files: values files, later ones over earlier ones.
            values: values over all files; they reach Helm by its standard input, as some are secret.

        Raises:
            CommandFailed: Helm's message.
        """
        options = [part for path in [*map(str, files), "-"] for part in ("--values", path)]
        options += ["--history-max", str(HISTORY)]
        with stage(f"helm upgrade --install {self.name} in {self.namespace}") as progress:
            self._unlock()
            document = json.dumps(values)  # not YAML: its writers and Helm disagree on words such as y
            self._helm("upgrade", "--install", self.name, str(chart), *options, input=document)
            progress.update("installed")

    def uninstall(self) -> bool:
        """Remove the release; False when there was none. Volumes and the database's Secret stay."""
        if self.state() == "absent":
            return False
        with stage(f"helm uninstall {self.name} in {self.namespace}"):
            self._helm("uninstall", self.name, "--wait", "--timeout", f"{TIMEOUT:.0f}s")
        return True

    def _unlock(self) -> None:
        """Undo what a Helm that was killed left behind; Helm itself would refuse to go on for ever.

        Source: helm.sh/docs/helm/helm_rollback; `upgrade` refuses while a revision is pending, and when none
        was ever deployed.
        """
        state = self.state()
        if state in ("absent", "deployed"):
            return
        history = json.loads(self._helm("history", self.name, "-o", "json"))
        good = [entry["revision"] for entry in history if entry["status"] in ("deployed", "superseded")]
        if not good or state == "uninstalling":
            say(f"release {self.name} was left {state}, with no revision to go back to: installing it anew")
            self._helm("uninstall", self.name, "--timeout", f"{TIMEOUT:.0f}s")
        elif state.startswith("pending-"):
            say(f"release {self.name} was left {state}: going back to revision {max(good)} first")
            self._helm("rollback", self.name, str(max(good)), "--history-max", str(HISTORY))

    def _helm(self, *arguments: str, input: str | None = None) -> str:
        where = ["--kubeconfig", str(self.record.kubeconfig), "--kube-context", self.record.context]
        command: list[str | Path] = [tools.find("helm"), *arguments, "--namespace", self.namespace, *where]
        return tools.run(command, timeout=TIMEOUT + 30, input=input).stdout
