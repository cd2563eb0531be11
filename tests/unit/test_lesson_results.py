"""Results, blanks and progress: what a learner sees and what is kept."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from typer.testing import CliRunner

from kitlib.cli.app import app
from kitlib.errors import KitError, UsageError
from kitlib.lessons.catalogue import section, titles
from kitlib.lessons.labs import notebooks
from kitlib.lessons.labs.catalogue import plan, plans
from kitlib.lessons.outcome import Result, ____, blank
from kitlib.lessons.progress import Progress


def result(outcome="incorrect", id="00-1", **fields):
    return Result(id, "count the nodes", outcome, **fields)


def test_blanks_are_found_wherever_they_stand():
    assert blank(____)
    assert blank("replicas: ____")
    assert blank({"spec": {"replicas": ____}})
    assert blank({____: 1})
    assert blank([1, ("a", ____)])
    assert not blank({"spec": {"replicas": 3, "name": "a_b__c"}})
    assert not blank(None)
    assert repr(____) == "____"


def test_a_result_says_observed_expected_and_the_command_in_all_three_forms():
    found = result(observed="2 <replicas>", expected="3", command="kubectl get deploy", message="Look again.")
    text, page, data = repr(found), found._repr_html_(), json.loads(found.json())
    for word in ("incorrect", "00-1", "3", "kubectl get deploy", "Look again."):
        assert word in text
        assert word in page
    assert "2 <replicas>" in text
    assert "2 &lt;replicas&gt;" in page
    assert "role='status'" in page
    assert (data["observed"], data["outcome"]) == ("2 <replicas>", "incorrect")
    assert "expected" not in repr(result("correct", expected="3"))


def test_progress_counts_attempts_and_keeps_what_was_solved(tmp_path):
    progress = Progress(tmp_path / "p.json")
    for outcome in ("not attempted", "incorrect", "error", "unreachable cluster", "correct", "incorrect"):
        progress.checked(result(outcome))
    entry = progress.entries()["00-1"]
    assert (entry.outcome, entry.attempts) == ("correct", 4)
    assert entry.seconds is not None
    assert not entry.helped
    progress.hinted("00-1")
    progress.hinted("00-1")
    assert progress.entries()["00-1"].hints == 2
    progress.helped("00-1")
    progress.helped("00-2")
    assert not progress.entries()["00-1"].helped  # it was solved before the solution was shown
    assert progress.entries()["00-2"].helped
    progress.forget("00-")
    assert progress.entries() == {}


def test_progress_shows_itself(tmp_path):
    progress = Progress(tmp_path / "p.json")
    assert "Nothing was tried" in progress._repr_html_()
    progress.checked(result("correct"))
    assert repr(progress) == f"<Progress 1 of {len(titles())} solved>"
    assert "count the nodes" in progress._repr_html_()
    page = progress.page()
    assert f"1 of {len(titles())} solved" in page
    assert all(id in page for id in titles())
    assert list(progress.frame()["id"]) == list(titles())


def test_notebooks_side_by_side_lose_nothing(tmp_path):
    path = tmp_path / "p.json"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: Progress(path).checked(result(id=f"00-{n % 4}")), range(40)))
    assert sum(entry.attempts for entry in Progress(path).entries().values()) == 40
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.json", "p.lock"]


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "p.json"
    path.write_text("{")
    with pytest.raises(KitError, match=r"p\.json is damaged"):
        Progress(path).entries()


def test_what_is_not_there_is_said():
    with pytest.raises(UsageError, match="there is no lesson '99'; there are 00, "):
        section("99")
    with pytest.raises(UsageError, match="there is no lab '99'"):
        plan("99")


# The labs' notebooks


def test_twelve_labs_or_more_with_faults_that_exist_and_stories_that_do_not_give_them_away():
    from kitlib import faults

    assert len(plans()) >= 12
    for lab in plans():
        fault = faults.find(lab.fault)
        assert not fault.healthy
        told = (lab.title + lab.story).lower()
        assert fault.cause.found.lower() not in told
        assert not fault.cause.field or fault.cause.field.split(".")[-1].lower() not in told.split()


def test_the_committed_labs_are_what_is_rendered(request):
    folder = request.config.rootpath / "notebooks" / "labs"
    assert notebooks.differing(folder) == []


def test_labs_are_written_and_differences_named(tmp_path):
    folder = tmp_path / "labs"
    runner = CliRunner()
    assert runner.invoke(app, ["lab", "render", "--folder", str(folder), "--check"]).exit_code == 1
    assert runner.invoke(app, ["lab", "render", "--folder", str(folder)]).exit_code == 0
    assert runner.invoke(app, ["lab", "render", "--folder", str(folder), "--check"]).exit_code == 0
    first, second, *_ = sorted(folder.glob("*.ipynb"))
    first.write_text(first.read_text().replace("lab.check()", "lab.solution()"))
    second.unlink()
    (folder / "extra.ipynb").write_text("{}")
    done = runner.invoke(app, ["lab", "render", "--folder", str(folder), "--check"])
    assert done.exit_code == 1
    assert [name in done.stdout for name in (first.name, second.name, "extra.ipynb")] == [True] * 3
    assert sorted(notebooks.write(folder)) == sorted([first.name, second.name, "extra.ipynb"])
    assert notebooks.differing(folder) == []


def test_the_commands_show_progress(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Progress().checked(result("correct"))
    assert "count the nodes" in CliRunner().invoke(app, ["lab", "list"]).stdout
    assert CliRunner().invoke(app, ["lab", "progress"]).exit_code == 0
    assert "1 of" in (tmp_path / "progress.html").read_text()
    Progress().forget("00-")
