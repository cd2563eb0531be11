"""The limits of file watches, which several nodes on one machine use up together."""

from __future__ import annotations

import pytest

from kitlib import docker, doctor, engine


@pytest.fixture
def limits(tmp_path, monkeypatch):
    """The kernel's limits as files, low as on a new machine; the rest of the machine is left alone."""
    monkeypatch.setattr(doctor, "INOTIFY_FOLDER", tmp_path)
    monkeypatch.setattr(doctor, "is_debian", lambda: False)
    monkeypatch.setattr(engine, "start", lambda: None)
    (tmp_path / "max_user_instances").write_text("128\n")
    (tmp_path / "max_user_watches").write_text("1048576\n")
    return tmp_path


def inotify(checks):
    return next(check for check in checks if check.name == "inotify")


def test_low_limits_are_named_with_the_command_and_are_no_fault(limits, monkeypatch):
    monkeypatch.setattr(docker, "is_root", lambda: False)
    found = inotify(doctor.fix())
    assert found.ok
    assert "max_user_instances 128: enough for a node or two" in found.detail
    assert found.detail.endswith("sudo sysctl -w fs.inotify.max_user_instances=512")


def test_root_raises_what_is_low_and_nothing_else(limits, monkeypatch, capsys):
    monkeypatch.setattr(docker, "is_root", lambda: True)
    assert inotify(doctor.fix()).detail == "enough file watches for many nodes"
    assert (limits / "max_user_instances").read_text() == "512"
    assert (limits / "max_user_watches").read_text() == "1048576\n"
    assert "raising fs.inotify.max_user_instances to 512" in capsys.readouterr().err


def test_where_it_can_not_be_raised_that_is_said(limits, monkeypatch, capsys):
    monkeypatch.setattr(docker, "is_root", lambda: True)
    monkeypatch.setattr(type(limits), "write_text", refused)
    assert "enough for a node or two" in inotify(doctor.fix()).detail
    assert "can't be raised here: Read-only file system" in capsys.readouterr().err


def refused(_path, _text):
    raise OSError(30, "Read-only file system")
