"""A learner's first hour in JupyterLab: the tour, an exercise with a hint, the dashboard, and a lab."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from urllib.request import Request, urlopen

import websocket
from lab_help import OpenNotebook, colour
from playwright.sync_api import expect

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
IMAGE = "registry.k8s.io/pause:3.10.1"
SEEN_MS = 180_000
GREEN = [30, 132, 73]


def opened(page, lab, source, tmp_path):
    copy = Path(shutil.copy(source, tmp_path))
    return OpenNotebook(page, lab(copy.name), copy)


def test_the_tour_its_exercises_and_a_dashboard_that_follows_the_cluster(lab, page, kind_cluster, tmp_path):
    notebook = opened(page, lab, NOTEBOOKS / "00-start.ipynb", tmp_path)
    page.screenshot(path=tmp_path / "open.png")
    notebook.run_all()
    notebook.await_end("end of lesson 00")
    notebook.run("begin")
    board = notebook.run("board")
    expect(board.get_by_text("0 of 0 pods of lesson-00 are ready")).to_be_visible(timeout=SEEN_MS)
    height = board.bounding_box()["height"]
    cluster = kind_cluster.connect("lesson-00")
    cluster.wait("ServiceAccount", "default", until="exists")
    pod = {"containers": [{"name": "c", "image": IMAGE}], "terminationGracePeriodSeconds": 1}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "watched"}, "spec": pod})
    expect(board.get_by_text("1 of 1 pods of lesson-00 are ready")).to_be_visible(timeout=SEEN_MS)
    assert board.get_by_role("cell", name="watched", exact=True).is_visible()
    assert board.bounding_box()["height"] == height  # what stands beneath it is where it was
    page.screenshot(path=tmp_path / "dashboard.png")
    cluster.delete("Pod", "watched")
    expect(board.get_by_text("0 of 0 pods of lesson-00 are ready")).to_be_visible(timeout=SEEN_MS)
    assert board.get_by_role("cell", name="watched", exact=True).count() == 0

    assert "Count every line of the list" in notebook.run("ex-1", "q1.check(7)").inner_text()
    assert "Hint 1 of 3" in notebook.run("ex-1", "q1.hint()").inner_text()
    page.screenshot(path=tmp_path / "hint.png")
    right = notebook.run("ex-1", "q1.check(1)").get_by_text("✓ correct")
    assert colour(right) == GREEN
    page.screenshot(path=tmp_path / "correct.png")
    notebook.run("end")


def test_a_lab_is_broken_understood_and_mended_in_its_cells(lab, page, tmp_path):
    notebook = opened(page, lab, NOTEBOOKS / "labs" / "08-nobody-home.ipynb", tmp_path)
    assert "Lab 08" in notebook.run("start").inner_text()
    assert "what was broken is as it was" in notebook.run("check").inner_text()
    assert "Hint 1 of 3" in notebook.run("check", "lab.hint()").inner_text()
    cause = notebook.run("cause", 'lab.cause("Service", "web", "spec.selector")')
    assert colour(cause.get_by_text("✓ correct")) == GREEN
    page.screenshot(path=tmp_path / "cause.png")
    patch = '{"spec": {"selector": {"app": "web"}}}'
    assert (
        "service/web patched"
        in notebook.run("check", f"%kubectl patch service web -p '{patch}'").inner_text()
    )
    healed = notebook.run("check", "lab.check()")
    assert colour(healed.get_by_text("✓ correct")) == GREEN
    page.screenshot(path=tmp_path / "healed.png")
    notebook.run("end")


def test_a_terminal_of_jupyterlab_finds_kit(lab):
    """As the tour asks for, where there is no cluster yet; the server was not started from a terminal."""
    address, _, token = lab("").partition("/lab/tree/?token=")
    asked = Request(f"{address}/api/terminals?token={token}", method="POST")
    with urlopen(asked, timeout=30) as answer:
        name = json.load(answer)["name"]
    place = f"{address.replace('http', 'ws', 1)}/terminals/websocket/{name}?token={token}"
    terminal = websocket.create_connection(place, timeout=60)
    said = ""
    try:
        terminal.send(json.dumps(["stdin", "kit --version\r"]))
        while not re.search(r"kit \d+\.\d+", said):
            kind, *text = json.loads(terminal.recv())
            said += "".join(text) if kind == "stdout" else ""
    finally:
        terminal.close()
