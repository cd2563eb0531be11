"""Rendered files on the disk: written once, left alone when edited by hand, kept regions carried over."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import yaml
from artifacts_help import SPECS, application
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from kitlib.artifacts import Artifact, render
from kitlib.artifacts.files import status, write
from kitlib.artifacts.rendering import compare, compare_folder
from kitlib.artifacts.yamlfile import dump
from kitlib.cli.app import app
from kitlib.errors import UsageError

pytestmark = pytest.mark.slow

TEXT = "# What it is.\nFROM scratch\n# kit:keep packages\n# kit:keep end\nCMD a\n"
NAME = "todo-app/specs"
unhurried = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # a busy machine is no error


@pytest.fixture
def disk(tmp_path):
    """Writes an artifact, lets the test change the file, and says how it then is."""

    def how(change=None, text=TEXT, first=TEXT, executable=False):
        path = tmp_path / "a/Dockerfile"
        write(status(Artifact(path.name, first, executable=executable), path.parent, NAME), path.parent)
        if change:
            path.write_text(change(path.read_text()))
        return status(Artifact(path.name, text, executable=executable), path.parent, NAME)

    (tmp_path / "a").mkdir()
    return how


@pytest.fixture
def project(tmp_path):
    """A folder with the application's specifications and nothing else."""
    shutil.copytree(SPECS, tmp_path / NAME)
    return tmp_path


# --- one file


def test_what_was_written_is_current_and_says_where_it_comes_from(disk):
    found = disk()
    assert found.state == "current"
    assert found.text.startswith(f"# Rendered from {NAME} by kit spec render")
    assert "# kit:digest " in found.text.splitlines()[1]
    assert found.diff == ""


def test_a_file_that_is_not_there_is_missing(tmp_path):
    assert status(Artifact("b", TEXT), tmp_path, NAME).state == "missing"


def test_another_rendering_makes_a_file_stale_and_not_edited(disk):
    found = disk(text=TEXT.replace("CMD a", "CMD b"))
    assert found.state == "stale"
    assert "-CMD a\n+CMD b\n" in found.diff


def test_a_change_by_hand_is_found_with_its_line(disk):
    found = disk(lambda text: text.replace("CMD a", "CMD mine"))
    assert found.state == "edited"
    assert found.lines == [7]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("# kit:keep end\n", ""),
        lambda text: text.replace("kit:digest ", "kit:digest 0"),
        lambda text: TEXT,
        lambda text: "",
        lambda text: text.partition("FROM")[0],
    ],
    ids=["line added", "line ends", "region broken", "digest", "no header", "empty", "cut off"],
)
def test_whatever_is_changed_by_hand_counts_as_edited(disk, change):
    assert disk(change).state == "edited"


@unhurried
@given(st.text(max_size=40), st.integers(min_value=0, max_value=200))
def test_no_inserted_text_goes_unnoticed(tmp_path_factory, text, place):
    root = tmp_path_factory.mktemp("r")
    artifact = Artifact("f", TEXT)
    write(status(artifact, root, NAME), root)
    before = (root / "f").read_text()
    after = before[:place] + text + before[place:]
    (root / "f").write_bytes(after.encode(errors="surrogatepass"))
    state = status(artifact, root, NAME).state
    assert (state == "current") == (after == before or _only_in_region(before, after))


def _only_in_region(before, after):
    start, end = "# kit:keep packages\n", "# kit:keep end\n"
    head, tail = before.partition(start)[0] + start, end + before.partition(end)[2]
    inside = after[len(head) : len(after) - len(tail)]
    whole = after.startswith(head) and after.endswith(tail) and (not inside or inside.endswith("\n"))
    return whole and "\r" not in inside and "kit:keep" not in inside


def test_a_file_that_was_not_rendered_is_not_taken_over(tmp_path):
    (tmp_path / "f").write_text("mine\n")
    found = status(Artifact("f", TEXT), tmp_path, NAME)
    assert found.state == "edited"
    assert "not written by kit spec render" in found.reason


def test_what_stands_in_a_kept_region_stays_and_does_not_count_as_an_edit(disk, tmp_path):
    mine = "# kit:keep packages\nRUN apt-get install x\n# kit:keep end"

    def change(text):
        return text.replace("# kit:keep packages\n# kit:keep end", mine)

    assert disk(change).state == "current"
    found = disk(change, text=TEXT.replace("CMD a", "CMD b"))
    assert found.state == "stale"
    write(found, tmp_path / "a")
    written = (tmp_path / "a/Dockerfile").read_text()
    assert mine in written
    assert "CMD b" in written
    assert (
        status(Artifact("Dockerfile", TEXT.replace("CMD a", "CMD b")), tmp_path / "a", NAME).state
        == "current"
    )


def test_a_region_that_is_rendered_no_longer_is_not_lost_silently(disk):
    without = TEXT.replace("# kit:keep packages\n# kit:keep end\n", "")
    assert disk(text=without).state == "stale"  # nothing stood in it
    found = disk(lambda text: text.replace("packages\n", "packages\nRUN mine\n"), text=without)
    assert found.state == "edited"
    assert "region packages" in found.reason


def test_a_script_keeps_its_first_line_and_can_be_run(disk, tmp_path):
    script = "#!/usr/bin/env bash\necho\n"
    found = disk(text=script, first=script, executable=True)
    assert found.state == "current"
    assert found.text.startswith("#!/usr/bin/env bash\n# Rendered")
    (tmp_path / "a/Dockerfile").chmod(0o644)
    assert status(found.artifact, tmp_path / "a", NAME).state == "stale"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    artifact = Artifact("f", TEXT)
    write(status(artifact, tmp_path, NAME), tmp_path)
    broken = replace(status(artifact, tmp_path, NAME), text="half \ud800")
    with pytest.raises(UnicodeEncodeError):
        write(broken, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert status(artifact, tmp_path, NAME).state == "current"


# --- all of them


def test_rendering_twice_gives_the_same_bytes(project):
    first = [(artifact.path, artifact.text) for artifact in render(application())]
    assert first == [(artifact.path, artifact.text) for artifact in render(application())]
    paths = [path for path, _ in first]
    assert len(set(paths)) == len(paths)
    written = compare_folder(project / NAME).write()
    before = {path: (project / path).read_bytes() for path in written}
    for path in before:
        (project / path).unlink()
    compare_folder(project / NAME).write()
    assert {path: (project / path).read_bytes() for path in written} == before


def test_the_regions_of_a_file_have_different_names():
    for artifact in render(application()):
        names = [line.split()[-1] for line in artifact.text.splitlines() if "kit:keep " in line]
        own = [name for name in names if name != "end"]
        assert len(own) == len(set(own)) == names.count("end"), artifact.path


def test_what_differs_is_reported_with_file_line_and_fix(project):
    compare_folder(project / NAME).write()
    assert compare_folder(project / NAME).findings() == []
    dockerfile, compose = project / "todo-app/backend/Dockerfile", project / "todo-app/docker-compose.yml"
    dockerfile.write_text(dockerfile.read_text().replace("EXPOSE 8000", "EXPOSE 8001"))
    compose.unlink()
    line = dockerfile.read_text().splitlines().index("EXPOSE 8001 9090") + 1
    found = {item.id: item for item in compare_folder(project / NAME).findings()}
    assert set(found) == {"artifact-edited", "artifact-missing"}
    edited = found["artifact-edited"]
    assert edited.object == f"todo-app/backend/Dockerfile:{line}"
    assert "kit:keep" in edited.fix.summary
    assert "+EXPOSE 8000 9090" in edited.evidence[0].text


def test_a_changed_specification_makes_its_files_stale(project):
    compare_folder(project / NAME).write()
    spec = project / NAME / "containers/api.md"
    spec.write_text(spec.read_text().replace("python -m app.main", "python -m app.other"))
    states = {item.artifact.path: item.state for item in compare_folder(project / NAME).differing}
    assert states == {"todo-app/backend/Dockerfile": "stale"}
    assert compare_folder(project / NAME).write() == ["todo-app/backend/Dockerfile"]
    assert "app.other" in (project / "todo-app/backend/Dockerfile").read_text()


def test_a_file_that_is_rendered_no_longer_is_reported(project):
    artifacts = [Artifact("out/a.yaml", "a: 1\n"), Artifact("out/b.yaml", "b: 1\n")]
    compare(artifacts, project, project / NAME).write()
    (project / "out/mine.yaml").write_text("c: 1\n")
    (finding,) = compare(artifacts[:1], project, project / NAME).findings()
    assert (finding.id, finding.object) == ("artifact-orphan", "out/b.yaml:1")
    assert compare(artifacts, project, project / NAME).findings() == []


def test_a_pattern_that_fits_nothing_is_refused(project):
    with pytest.raises(UsageError, match="no rendered file matches 'none'") as caught:
        compare_folder(project / NAME, "none")
    assert "todo-app/docker-compose.yml" in caught.value.fix


def test_wrong_specifications_render_nothing_and_say_why(project):
    spec = project / NAME / "containers/api.md"
    spec.write_text(spec.read_text().replace("| 8000 |", "| 80000 |"))
    with pytest.raises(UsageError, match=r"api\.md:\d+") as caught:
        compare_folder(project / NAME)
    assert caught.value.fix.startswith("kit spec check")


# --- the command


def test_the_command_writes_checks_and_never_overwrites_by_itself(project, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def kit(*arguments):
        return CliRunner().invoke(app, ["spec", "render", "--specs", str(project / NAME), *arguments])

    assert kit("--check").exit_code == 1
    first = kit()
    assert first.exit_code == 0, first.stdout
    assert "written: todo-app/docker-compose.yml" in first.stdout
    assert kit("--check").exit_code == 0

    path = project / "todo-app/worker/Dockerfile"
    mine = path.read_text().replace("USER 1000:1000", "USER root")
    path.write_text(mine)
    line = mine.splitlines().index("USER root") + 1
    refused = kit()
    assert refused.exit_code == 1
    assert f"lines {line} differ" in refused.stdout
    assert path.read_text() == mine

    shown = kit("--diff")
    assert (shown.exit_code, "+USER 1000:1000" in shown.stdout) == (0, True)
    assert path.read_text() == mine
    assert kit("--overwrite", "--only", "*/worker/*").exit_code == 0
    assert "USER 1000:1000" in path.read_text()


def test_without_the_specifications_it_says_so(tmp_path):
    command = [sys.executable, "-c", "from kitlib.cli.entry import main; main()", "spec", "render", "--specs"]
    done = subprocess.run([*command, str(tmp_path / "none")], capture_output=True, text=True)
    assert done.returncode == 2
    assert "there is no folder" in done.stderr
    assert "Traceback" not in done.stderr


# --- YAML


@pytest.mark.parametrize(
    "value",
    [
        "y",
        "no",
        "on",
        "1e3",
        "0o17",
        "1.10",
        "22:22",
        "~",
        "",
        "=",
        "<<",
        "null",
        "0x1F",
        "+1",
        ".5",
        "1_000",
    ],
)
def test_no_reader_bends_a_string(value):
    text = dump({"key": value})
    assert text == f'key: "{value}"\n'
    assert yaml.safe_load(text) == {"key": value}


def test_numbers_booleans_and_plain_words_are_not_quoted():
    assert dump({"a": 1, "b": True, "c": "word", "d": None}) == "a: 1\nb: true\nc: word\nd: null\n"


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@unhurried
@given(st.dictionaries(st.text(), json_like, max_size=4))
def test_what_is_dumped_is_read_back(value):
    assert yaml.safe_load(dump(value)) == value
    assert dump(value) == dump(value)


def test_equal_parts_are_written_out_and_not_referred_to():
    part = {"a": [1]}
    assert dump({"k": part, "m": part}) == "k:\n  a:\n    - 1\nm:\n  a:\n    - 1\n"


def test_notes_stand_above_their_lines_and_documents_apart():
    text = dump({"a": {"b": 1}}, {"c": 2}, comment="Top.", notes={"b:": "About b.", "absent:": "Nothing."})
    assert text == "# Top.\na:\n  # About b.\n  b: 1\n---\nc: 2\n"
