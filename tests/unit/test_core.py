"""Errors, settings, tools and the command line: what a person meets first."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from kitlib import tools
from kitlib.cluster.offline.binaries import require_disk
from kitlib.cluster.providers import provider
from kitlib.errors import (
    CommandFailed,
    CommandTimeout,
    MachineError,
    NotFound,
    SettingsError,
    ToolNotFound,
    UsageError,
)
from kitlib.settings import load_settings

pytestmark = pytest.mark.slow

KIT = Path(sys.executable).with_name("kit")


def kit(*arguments, **env):
    import os

    return subprocess.run([KIT, *arguments], capture_output=True, text=True, env={**os.environ, **env})


def test_run_gives_back_what_the_command_printed():
    done = tools.run(
        ["python3", "-c", "import sys; print(input()); print('no', file=sys.stderr)"], input="yes"
    )
    assert (done.stdout, done.stderr, done.returncode) == ("yes\n", "no\n", 0)


def test_a_failed_command_shows_itself_its_code_and_its_last_lines():
    with pytest.raises(CommandFailed) as failure:
        tools.run(["python3", "-c", "print('one'); print('two'); raise SystemExit(3)"])
    assert "exit code 3" in failure.value.message
    assert failure.value.message.endswith("two")


def test_a_command_that_takes_too_long_dies_with_its_children():
    import psutil

    child = "import os,time; print(os.getpid(), flush=True); time.sleep(600)"
    code = f"import subprocess,sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with pytest.raises(CommandTimeout, match="within 2 s") as failure:
        tools.run([sys.executable, "-c", code], timeout=2)
    child_id = int(failure.value.output)
    deadline = time.monotonic() + 30  # the kernel delivers the kill when it gets to it
    while any(p.pid == child_id and p.info["status"] != "zombie" for p in psutil.process_iter(["status"])):
        assert time.monotonic() < deadline, "the child survived its parent"


def test_lines_are_handed_out_as_they_appear():
    lines: list[str] = []
    tools.run(["python3", "-c", "print('a'); print('b')"], on_line=lines.append)
    assert lines == ["a", "b"]


def test_a_missing_executable_is_one_sentence():
    with pytest.raises(ToolNotFound, match="no-such-program is not on this machine"):
        tools.run(["no-such-program"])


def test_kubectl_is_found_and_an_old_one_on_path_is_passed_over(tmp_path, monkeypatch):
    old = tmp_path / "kubectl"
    old.write_text("#!/bin/sh\necho Client Version: v1.10.0\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = tools.find("kubectl", build=False)
    assert found != old
    assert tools.version_of(found, tools.TOOLS["kubectl"]) >= (1, 28)


def test_an_unknown_tool_names_the_known_ones():
    with pytest.raises(UsageError, match="kit knows actionlint, docker"):
        tools.find("kubctl")


def test_a_setting_that_cannot_be_used_is_named(monkeypatch):
    monkeypatch.setenv("KIT_CLUSTER", "Not A Name")
    with pytest.raises(SettingsError, match="cluster: found 'Not A Name'"):
        load_settings()
    assert load_settings(cluster="fine").cluster == "fine"


def test_an_unknown_provider_offers_the_nearest():
    with pytest.raises(UsageError) as failure:
        provider("knd")
    assert failure.value.fix == "--provider kind"


def test_too_little_disk_is_said_with_both_numbers(tmp_path):
    require_disk(tmp_path, 0.0, "do nothing")
    with pytest.raises(MachineError, match="but to fill it takes 1e"):
        require_disk(tmp_path, 1e9, "fill it")


def test_kit_answers_its_version():
    assert kit("--version").stdout.startswith("kit 0.")


@pytest.mark.parametrize("arguments", [("cluster", "up", "--provider", "knd"), ("cluster", "load", "x:1")])
def test_a_person_never_sees_a_traceback_for_their_own_mistake(arguments, tmp_path):
    done = kit(*arguments, KIT_STATE_DIR=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "fix: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_notebook_shows_a_persons_own_mistake_as_one_sentence_and_other_errors_whole():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shown = {}
    shell._showtraceback = lambda kind, value, lines: shown.update({kind.__name__: "\n".join(lines)})
    for error in (UsageError("there is no such lesson", fix="kit lab list"), NotFound("there is no web")):
        shell.push({"error": error})
        shell.run_cell("raise error")
    assert shown["UsageError"] == "✗ there is no such lesson\n  try: kit lab list"
    assert "Traceback" in shown["NotFound"]


def test_no_docker_is_one_clear_message(tmp_path):
    env = {"PATH": str(tmp_path), "KIT_STATE_DIR": str(tmp_path)}
    done = kit("cluster", "up", "--provider", "kind", **env)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "error: Docker is not installed"


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("permission denied while trying to connect", "this user may not use it"),
        ("Cannot connect to the Docker daemon", "the Docker engine does not answer"),
    ],
)
def test_docker_without_rights_or_engine_is_told_apart(tmp_path, says, message):
    fake = tmp_path / "docker"
    fake.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
    fake.chmod(0o755)
    done = kit("cluster", "up", "--provider", "kind", PATH=f"{tmp_path}:/bin", KIT_STATE_DIR=str(tmp_path))
    assert done.returncode == 1
    assert message in done.stderr


def test_importing_kitlib_loads_nothing_heavy():
    code = "import sys, kitlib; print([m for m in ('kubernetes', 'pandas', 'typer') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
