"""`kit spec`: exit codes, formats, and the files it writes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from specs_help import ROOT, SEED, SPECS, STARTING

from kitlib.errors import UsageError
from kitlib.specs import read, schema, schemas
from kitlib.specs.start import init

pytestmark = pytest.mark.slow

KINDS = schemas.names()
YAML = {"communication", "build", "agent"}
COMMAND = "import sys; from kitlib.cli.entry import main; main()"


def kit(*arguments, folder=ROOT):
    environment = os.environ | {"COLUMNS": "200", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", COMMAND, "spec", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)


def test_a_healthy_folder_ends_0():
    done = kit("check", SPECS)
    assert (done.returncode, done.stderr) == (0, "")
    assert "10 specifications: 1 info" in done.stdout


def test_errors_end_1_in_both_formats():
    done = kit("check", SEED / "specs" / "container.md", SEED / "build-spec.yaml")
    assert done.returncode == 1
    assert "fill this in" in done.stdout
    assert "2 specifications: 1 error" in done.stdout
    done = kit("check", SEED / "specs" / "container.md", "--format", "json")
    assert done.returncode == 1
    [finding] = json.loads(done.stdout)
    assert finding["object"].endswith("container.md:1")


@pytest.mark.parametrize("arguments", [("nowhere.md",), ("tests/seed/specs", "-f", "xml"), ("tests/model",)])
def test_a_wrong_call_ends_2(arguments):
    done = kit("check", *arguments)
    assert done.returncode == 2
    assert "error: there is no" in done.stderr


def test_arbitrary_bytes_never_end_in_a_traceback(tmp_path):
    chance = random.Random(4)
    for number in range(30):
        suffix = ("md", "yaml", "bin")[number % 3]
        (tmp_path / f"{number}.{suffix}").write_bytes(chance.randbytes(chance.randrange(600)))
    done = kit("check", *sorted(tmp_path.iterdir()))
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_init_writes_what_check_accepts_and_never_overwrites(kind, tmp_path):
    path = init(kind, tmp_path)
    reading = read(path)
    assert (reading.kind, reading.ok) == (kind, True)
    path.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        init(kind, path)
    assert path.read_text() == "mine"


def test_init_by_the_command(tmp_path):
    assert kit("init", "container", folder=tmp_path).returncode == 0
    assert (tmp_path / "containers" / "api.md").is_file()
    assert kit("init", "container", folder=tmp_path).returncode == 2
    done = kit("init", "arkitecture", folder=tmp_path)
    assert done.returncode == 2
    assert "did you mean architecture?" in done.stderr
    assert kit("init", "agent", "agent.md", folder=tmp_path).returncode == 2


def test_schemas_are_printed_and_written(tmp_path):
    printed = json.loads(kit("schema", "build").stdout)
    assert printed == schema("build")
    assert kit("schema", "--out", tmp_path / "out").returncode == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(f"{k}.schema.json" for k in KINDS)
    assert json.loads(kit("schema").stdout) == {kind: schema(kind) for kind in KINDS}


def data_of(path):
    """What a kind's schema is for: the document in YAML, the data of one in Markdown."""
    if path.suffix == ".yaml":
        return yaml.safe_load(path.read_text())
    spec = read(path).spec
    assert spec is not None
    return spec.model_dump(mode="json", by_alias=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_describes_the_documents_of_its_kind(kind):
    found = schema(kind)
    Draft202012Validator.check_schema(found)
    assert found["$schema"].endswith("2020-12/schema")
    assert found["$id"].endswith(f"/{kind}.schema.json")
    assert found["title"]
    assert found["description"]
    validator = Draft202012Validator(found)
    paths = [path for path in (*STARTING.iterdir(), *SPECS.rglob("*.*")) if read(path).kind == kind]
    assert len(paths) >= 2
    for path in paths:
        data = data_of(path)
        validator.validate(data)
        with pytest.raises(ValidationError):
            validator.validate(data | {"unknown": 1})
        for key in found["required"]:
            with pytest.raises(ValidationError):
                validator.validate({name: value for name, value in data.items() if name != key})


@pytest.mark.parametrize("name", ["specs/communication.yaml", "build-spec.yaml", "kagent-config.yaml"])
def test_the_seeds_yaml_is_what_the_schemas_describe(name):
    path = SEED / name
    Draft202012Validator(schema(read(path).kind)).validate(yaml.safe_load(path.read_text()))


def test_show_prints_what_was_read():
    shown = json.loads(kit("show", SPECS / "containers" / "worker.md").stdout)
    assert shown["liveness"]["command"] == ["python", "-m", "worker.heartbeat"]
    assert set(json.loads(kit("show", SPECS).stdout)["containers"]) == {"api", "worker", "frontend"}
    done = kit("show", SEED / "specs" / "container.md")
    assert done.returncode == 1
    assert "fill this in" in done.stderr


def test_the_command_loads_without_the_models():
    heavy = ("pydantic", "markdown_it", "yaml")
    code = f"import sys, kitlib.cli.spec; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
