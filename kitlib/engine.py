"""Starting a Docker engine where none runs and nothing else would start one, and stopping it again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil

from kitlib import docker
from kitlib.errors import MachineError
from kitlib.progress import stage
from kitlib.settings import get_settings

WRAPPER = Path(__file__).parent / "cluster" / "offline" / "context" / "runc-without-sys-resource"
START_SECONDS = 60.0


def start() -> bool:
    """Start dockerd detached from this process; False when an engine answers already.

    Raises:
        MachineError: dockerd is not installed, this user is not root, or it does not answer in time.
    """
    if docker.why_unusable() is None:
        return False
    if shutil.which("dockerd") is None or not docker.is_root():
        raise MachineError("no Docker engine runs, and this user cannot start one", fix="kit doctor")
    log = get_settings().cache_dir / "dockerd.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    pid_file = log.with_suffix(".pid")
    pid_file.unlink(missing_ok=True)  # of an engine that was killed: its id may be another process's by now
    with stage("start the Docker engine") as progress, log.open("w") as output:
        process = subprocess.Popen(
            ["dockerd", "--pidfile", str(pid_file), *_runtime()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while problem := docker.why_unusable():
            progress.update(problem[0])
            if process.poll() is not None or time.monotonic() > deadline:
                last = log.read_text().strip().splitlines()[-1:]
                raise MachineError(f"the Docker engine does not start: {' '.join(last)}", fix=f"see {log}")
            time.sleep(0.5)
    _mark().write_text(f"{process.pid} {psutil.Process(process.pid).create_time()}")
    return True


def stop() -> bool:
    """Stop the engine that `start` started, by its id; False when it was not ours or is gone."""
    try:
        pid, created = _mark().read_text().split()
        process = psutil.Process(int(pid))
    except (FileNotFoundError, psutil.NoSuchProcess):
        return False
    _mark().unlink()
    if process.create_time() != float(created):
        return False  # the id now belongs to somebody else's process
    with stage("stop the Docker engine"):
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    return True


def _mark() -> Path:
    folder = get_settings().state_dir
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "dockerd"


def _runtime() -> list[str]:
    """Where CAP_SYS_RESOURCE is missing, a runtime that does not ask for it."""
    if not docker.lacks_sys_resource():
        return []
    target = Path("/usr/local/bin") / WRAPPER.name
    shutil.copy(WRAPPER, target)
    target.chmod(0o755)
    return ["--add-runtime", f"reduced={target}", "--default-runtime", "reduced"]
