"""Of two processes that would do the same long work, the second waits, says so, and goes on when it may."""

from __future__ import annotations

import subprocess
import sys

import pytest

from kitlib.turns import turn

HOLD = """
import sys
from pathlib import Path
from kitlib.turns import turn
with turn(Path(sys.argv[1]), "another build"):
    print("in", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def hold(tmp_path):
    """Start a process that wants the turn, and holds it until its input has a line or ends."""
    started = []

    def start():
        command = [sys.executable, "-c", HOLD, tmp_path / "work.lock"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen(command, **pipes, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_second_waits_and_says_so(hold):
    first = hold()
    assert first.stdout.readline() == "in\n"
    second = hold()
    assert "wait for another build on this machine" in second.stderr.readline()
    assert second.poll() is None
    first.communicate("done\n", timeout=20)
    assert second.stdout.readline() == "in\n"


def test_a_killed_one_holds_nothing(hold, tmp_path):
    first = hold()
    assert first.stdout.readline() == "in\n"
    first.kill()
    first.wait(20)
    with turn(tmp_path / "work.lock", "another build"):
        assert (tmp_path / "work.lock").exists()
