"""How long `kit --version` and `import kitlib` take, as whole processes; beside the bare interpreter.

Run: uv run python benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 15
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "import kitlib": [sys.executable, "-c", "import kitlib"],
    "kit --version": [str(Path(sys.executable).with_name("kit")), "--version"],
    "kit --help": [str(Path(sys.executable).with_name("kit")), "--help"],
}


def seconds(command: list[str]) -> float:
    """The wall time of one run."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Print the minimum, median and maximum of each command, after one run that is not counted."""
    for name, command in COMMANDS.items():
        seconds(command)
        found = sorted(seconds(command) for _ in range(RUNS))
        print(f"{name:16} min {found[0]:.3f}  median {statistics.median(found):.3f}  max {found[-1]:.3f} s")


if __name__ == "__main__":
    main()
