"""The pytest plugin, on notebooks outside of the project, in real kernels."""

from __future__ import annotations

import re
import time
import xml.etree.ElementTree as ET
from unittest.mock import ANY

import nbformat
import pytest
from notebook_cells import CHECK, cell, run, write

from kitlib.errors import UsageError
from kitlib.notebooks import refresh, stable
from kitlib.notebooks.session import Session

pytestmark = pytest.mark.slow


def test_a_notebook_that_is_well_passes_cell_by_cell(tmp_path):
    write(
        tmp_path / "well.ipynb",
        cell(
            "c1", "import os\nprint(os.path.basename(os.getcwd()))", tags=[CHECK], shows=f"{tmp_path.name}\n"
        ),
        cell("c2", "import time, uuid\nprint(uuid.uuid4(), time.time())"),  # differs each time, and may
        cell("c3", "1 / 0", tags=["raises-exception"]),
        cell("c4", "print('colour: blue')", tags=[CHECK], shows="colour: red\n"),
        cell("c5", "print('end of it')"),
    )
    (tmp_path / "also").write_text("regex: colour: \\w+\nreplace: a colour\n")
    done = run("well.ipynb", "--nbval-sanitize-with", "also", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout


def test_each_trouble_names_notebook_cell_and_reason_and_junit_has_the_difference(tmp_path):
    later = cell("after", "print('never')")
    write(tmp_path / "broken.ipynb", cell("b1", "1 / 0"), later)
    write(
        tmp_path / "changed.ipynb", cell("c1", "print('new words')", tags=[CHECK], shows="old words\n"), later
    )
    write(
        tmp_path / "killed.ipynb",
        cell("k1", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
        later,
    )
    hanging = cell("h1", "import time\ntime.sleep(600)", metadata={"kit": {"timeout": 1.5}})
    write(tmp_path / "hanging.ipynb", hanging, later)
    write(tmp_path / "unsaved.ipynb", cell("u1", "print(1)", tags=[CHECK]), later)
    write(tmp_path / "calm.ipynb", cell("n1", "1 / 1", tags=["raises-exception"]), later)
    started = time.monotonic()
    done = run("--junitxml=report.xml", cwd=tmp_path)
    assert time.monotonic() - started < 120  # a killed kernel and a hanging cell cost seconds, not the limit
    assert "6 failed, 6 skipped" in done.stdout, done.stdout
    for message in (
        "broken.ipynb, cell b1: ZeroDivisionError: division by zero",
        "changed.ipynb, cell c1: its output differs from the saved one",
        "killed.ipynb, cell k1: the kernel died while it ran",
        "hanging.ipynb, cell h1: it did not end within 1.5 s",
        "unsaved.ipynb, cell u1: its output is compared, but none is saved: kit notebooks refresh saves it",
        "calm.ipynb, cell n1: it is tagged raises-exception, and raised none",
        "cell b1 failed before it",
    ):
        assert message in done.stdout + (tmp_path / "report.xml").read_text(), message
    cases = {case.get("name"): case for case in ET.parse(tmp_path / "report.xml").iter("testcase")}
    said = cases["c1"].find("failure").text
    assert "old words" in said
    assert "new words" in said


def test_what_is_no_notebook_is_named(tmp_path):
    (tmp_path / "torn.ipynb").write_text('{"cells": [')
    done = run(cwd=tmp_path)
    assert done.returncode != 0
    assert "torn.ipynb is not a notebook" in done.stdout


def test_what_goes_to_stderr_is_not_compared(tmp_path):
    source = "import sys; print('result'); print('took 0.5 s', file=sys.stderr)"
    made = cell("c1", source, tags=[CHECK], shows="result\n")
    made.outputs.append(nbformat.v4.new_output("stream", name="stderr", text="took 1.0 s\n"))
    write(tmp_path / "slow.ipynb", made)
    done = run(cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_progress_is_one_line_under_its_cell_and_is_not_compared(tmp_path):
    source = """import time
from kitlib.progress import say, stage
print('result')
with stage('wait for it') as progress:
    progress.update('0 of 1')
    time.sleep(1.2)
say('not here')"""
    path = write(tmp_path / "slow.ipynb", cell("c1", source, tags=[CHECK], shows="result\n"))
    done = run(cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    notebook = nbformat.read(path, 4)
    session = Session(notebook, tmp_path, 60.0)
    try:
        assert session.start() is None
        assert session.run(notebook.cells[0], 0) is None
    finally:
        session.stop()
    kinds = [item.get("name") or item.data["text/plain"] for item in notebook.cells[0].outputs]
    assert kinds == ["stdout", ANY, "not here"]
    assert re.fullmatch(r"✓ wait for it  1\.\d s", kinds[1])


def test_a_missing_kernel_is_named(tmp_path):
    path = write(tmp_path / "other.ipynb", cell("c1", "1"))
    notebook = nbformat.read(path, 4)
    notebook.metadata.kernelspec.name = "cobol"
    path.write_text(nbformat.writes(notebook))
    done = run(cwd=tmp_path)
    assert "other.ipynb, cell c1: there is no kernel 'cobol' on this machine" in done.stdout


@pytest.mark.parametrize("how", ["load", "loadgroup"])
def test_several_notebooks_run_side_by_side_and_none_is_split(tmp_path, how):
    for name in "ab":
        cells = [
            cell(f"{name}{n}", f"value = {n}" if n == 0 else f"value += 1; assert value == {n}")
            for n in range(4)
        ]
        write(tmp_path / f"{name}.ipynb", *cells)
    done = run("-n", "2", "--dist", how, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout


def test_without_the_option_notebooks_are_left_alone_and_two_runners_are_refused(tmp_path):
    write(tmp_path / "a.ipynb", cell("a", "1 / 0"))
    done = run("--nbval", cwd=tmp_path)
    assert done.returncode == 4
    assert "leave out --nbval" in done.stderr


def test_a_cleared_and_an_updated_display_count_as_what_is_shown_at_the_end(tmp_path):
    source = (
        "from IPython.display import clear_output, display\n"
        "print('working')\nclear_output(wait=True)\nprint('done')"
    )
    write(tmp_path / "live.ipynb", cell("live", source, tags=[CHECK], shows="done\n"))
    done = run(cwd=tmp_path)
    assert done.returncode == 0, done.stdout


# Refresh


def test_a_refresh_saves_what_is_compared_strips_the_rest_and_changes_nothing_twice(tmp_path):
    path = write(
        tmp_path / "n.ipynb",
        cell("a", "import uuid\nprint('id', uuid.uuid4())", tags=[CHECK]),
        cell("b", "print('not compared')", shows="an old output\n"),
        cell("c", "{'seen': 3}", tags=[CHECK]),
    )
    done = refresh.refresh(path)
    assert (done.changed, done.compared) == (True, 2)
    first = path.read_text()
    cells = nbformat.read(path, 4).cells
    assert [bool(c.outputs) for c in cells] == [True, False, True]
    assert [c.execution_count for c in cells] == [1, None, 3]
    assert not refresh.refresh(path).changed  # another UUID is no other output
    assert path.read_text() == first
    assert run(cwd=tmp_path).returncode == 0


def test_a_refresh_that_fails_leaves_the_file_and_says_where(tmp_path):
    path = write(tmp_path / "n.ipynb", cell("a", "print(1)", tags=[CHECK]), cell("b", "undefined"))
    before = path.read_text()
    with pytest.raises(refresh.NotebookFailed, match=r"n\.ipynb, cell b: NameError: name 'undefined'"):
        refresh.refresh(path)
    assert path.read_text() == before


def test_paths_that_are_no_notebooks_are_refused(tmp_path):
    with pytest.raises(UsageError, match="there is no notebook in"):
        refresh.find([tmp_path])
    with pytest.raises(UsageError, match=r"there is no .*absent"):
        refresh.find([tmp_path / "absent.ipynb"])
    (tmp_path / "x.ipynb").write_text("no JSON")
    with pytest.raises(UsageError, match="is not a notebook"):
        refresh.refresh(tmp_path / "x.ipynb")


def test_the_comparison_uses_the_patterns_of_refresh():
    assert stable.compared([CHECK])
    assert not stable.compared(["parameters"])
