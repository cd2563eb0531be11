"""What a runbook costs: our run beside bare papermill on the same notebook, a refusal, and a long history.

Run: uv run python benchmarks/runbooks.py [RUNS]
It makes an embedded control plane of its own. The notebook reads; it does the same work under both.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from kitlib.cluster.embedded import running

BIN = Path(sys.executable).parent
CELLS = (
    "from typing import Annotated\nfrom kitlib import connect\n"
    "from kitlib.runbooks import Ge, Namespace, start",
    'namespace: Namespace = "default"\nlimit: Annotated[int, Ge(1)] = 3',
    "rb = start(namespace=namespace, limit=limit)\ncluster = connect(namespace=namespace)",
    'with rb.step("look", "Look"):\n    found = cluster.list("Service")\nfound',
    'rb.result(f"{len(found)} Services")',
)


def write(folder: Path) -> Path:
    """The notebook of the comparison."""
    cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    cells[1]["metadata"]["tags"] = ["parameters"]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "reads.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    return path


def seconds(command: list[str], folder: Path, code: int = 0) -> float:
    """The wall time of a command that must end with a code."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != code:
        raise SystemExit(f"{command} ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def shown(name: str, found: list[float]) -> float:
    """Print the figures of one command, and return its median."""
    middle = statistics.median(found)
    print(f"{name:36} min {min(found):.2f}  median {middle:.2f}  max {max(found):.2f} s")
    return middle


def main() -> None:
    """Print the comparison, alternating the two so that the machine's mood meets both."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    kit, papermill = str(BIN / "kit"), str(BIN / "papermill")
    with tempfile.TemporaryDirectory() as name, running() as cluster:
        folder = Path(name)
        os.environ |= {"KUBECONFIG": os.pathsep.join(map(str, cluster.api.binding.files))}
        os.environ |= {"KIT_CONTEXT": cluster.context, "KIT_STATE_DIR": str(folder / "state")}
        path = str(write(folder))
        ours = [kit, "runbook", "run", path]
        bare = [papermill, "--no-progress-bar", path, "out.ipynb"]
        pairs = [(seconds(ours, folder), seconds(bare, folder)) for _ in range(runs + 1)][1:]
        ratio = shown("kit runbook run", [a for a, _ in pairs]) / shown("papermill", [b for _, b in pairs])
        print(f"{'ratio':36} {ratio:.2f}")
        for what, given, code in (
            ("refused: a parameter's name", ["-p", "limt=3"], 2),
            ("refused: a namespace that is not there", ["-p", "namespace=nowhere"], 3),
        ):
            shown(what, [seconds([*ours, *given], folder, code) for _ in range(runs)])
        newest = max((folder / "runs").iterdir())
        for number in range(50 - len(list((folder / "runs").iterdir()))):
            shutil.copytree(newest, folder / "runs" / f"20250101T0000{number:02d}Z-reads")
        command = [kit, "runbook", "history", "--limit", "50"]
        shown("history of 50 runs", [seconds(command, folder) for _ in range(runs)])


if __name__ == "__main__":
    main()
