"""Whatever stands in a file, reading it ends in findings, never in an exception."""

from __future__ import annotations

import json
import random
import shutil
import string
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specs_help import SEED, SPECS, STARTING

from kitlib.specs.checking import check_paths
from kitlib.specs.folder import combine
from kitlib.specs.reading import LARGEST, read_bytes
from kitlib.specs.values import BadValue

pytestmark = pytest.mark.slow

DOCUMENTS = {path.name: path.read_text() for path in sorted(STARTING.iterdir())}
DOCUMENTS |= {
    f"seed-{name}": (SEED / "specs" / name).read_text() for name in ("architecture.md", "container.md")
}
QUICK = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck), derandomize=True)
every_document = pytest.mark.parametrize("name", DOCUMENTS)
NASTY = [
    "\x00",
    "\ud7ff",
    "\u2028",
    "\u202e",
    "é",
    "𝕏",
    "\t",
    "\r",
    "|",
    "`",
    "**",
    "- ",
    "# ",
    "<!--",
    "```",
]
NASTY += [
    "[",
    "]",
    "\\",
    "&a",
    "*a",
    "!!python/object:os.system x",
    "{{",
    "9" * 5000,
    "0x" + "f" * 9000,
    "-1",
]


def survives(content, file):
    """Read bytes, and hold what every reading promises."""
    reading = read_bytes(content, file)
    errors = [f for f in reading.findings if f.severity == "error"]
    assert (reading.spec is None) == bool(errors)
    lines = content.count(b"\n") + content.count(b"\r") + 1
    for finding in reading.findings:
        path, _, line = str(finding.object).rpartition(":")
        assert path == file
        assert 1 <= int(line) <= lines
        assert finding.found
        assert finding.expected
        assert finding.fix.summary
    json.loads(reading.findings.json().encode("utf-8"))
    return reading


@every_document
@QUICK
@given(data=st.data())
def test_cut_off_anywhere(name, data):
    text = DOCUMENTS[name].encode()
    survives(text[: data.draw(st.integers(0, len(text)))], name)


@every_document
@QUICK
@given(seed=st.integers(0, 2**32))
def test_lines_in_another_order_left_out_and_repeated(name, seed):
    chance = random.Random(seed)
    lines = DOCUMENTS[name].splitlines()
    chance.shuffle(lines[chance.randrange(len(lines)) :] if seed % 2 else lines)
    lines = [line for line in lines for _ in range(chance.choice([0, 1, 1, 1, 1, 2]))]
    chance.shuffle(lines) if seed % 3 else None
    survives("\n".join(lines).encode(), name)


@every_document
@QUICK
@given(
    where=st.lists(st.floats(0, 1), min_size=1, max_size=5),
    what=st.sampled_from(NASTY),
    text=st.text(max_size=20),
)
def test_odd_signs_anywhere(name, where, what, text):
    found = DOCUMENTS[name]
    for share in where:
        place = int(share * len(found))
        found = found[:place] + what + text + found[place:]
    survives(found.encode("utf-8", "replace"), name)


@every_document
@QUICK
@given(value=st.one_of(st.text(), st.sampled_from(NASTY), st.integers().map(str)), share=st.floats(0, 1))
def test_any_value_in_place_of_one(name, value, share):
    lines = DOCUMENTS[name].splitlines()
    places = [n for n, line in enumerate(lines) if ":" in line or line.startswith("|")]
    chosen = places[min(int(share * len(places)), len(places) - 1)]
    line = lines[chosen]
    if line.startswith("|"):
        cells = line.split("|")
        cells[min(1 + int(share * 7) % 5, len(cells) - 1)] = value
        lines[chosen] = "|".join(cells)
    else:
        lines[chosen] = f"{line.partition(':')[0]}: {value}"
    survives("\n".join(lines).encode("utf-8", "replace"), name)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def put(data, share, value):
    """Put a value somewhere into nested data."""
    spots = []

    def walk(node):
        entries = (
            node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        )
        for key, inner in entries:
            spots.append((node, key))
            walk(inner)

    walk(data)
    node, key = spots[min(int(share * len(spots)), len(spots) - 1)]
    node[key] = value


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name.endswith(".yaml")])
@settings(QUICK, max_examples=60)
@given(value=anything, share=st.floats(0, 1))
def test_any_type_in_place_of_a_value(name, value, share):
    data = yaml.safe_load(DOCUMENTS[name])
    put(data, share, value)
    survives(yaml.safe_dump(data, allow_unicode=True).encode("utf-8", "replace"), name)


@QUICK
@given(content=st.binary(max_size=400), suffix=st.sampled_from([".md", ".yaml", ".yml", ".txt", ""]))
def test_any_bytes(content, suffix):
    survives(content, f"x{suffix}")


@QUICK
@given(text=st.text(alphabet=string.ascii_letters + " #-*|:`\n[]()<>!&{}\"'\\\t0123456789", max_size=400))
def test_any_markup(text):
    for title in ("Cloud-Native Architecture Specification", "Container Specification: x"):
        survives(f"# {title}\n{text}".encode(), "x.md")
    survives(f"communication:\n{text}".encode(), "x.yaml")


@pytest.mark.parametrize(
    ("content", "file"),
    [
        (b"", "x.md"),
        (b"\xff\xfe", "x.md"),
        (b"# " + b"x" * LARGEST, "x.md"),
        (b"# Container Specification: x\n" + b"> " * 100_000, "x.md"),
        (b"# Container Specification: x\n" + b"- " * 100_000, "x.md"),
        (b"# Container Specification: x\n" + b"- **A**: b\n" * 8_000, "x.md"),
        (b"# Container Specification: x\n## Ports\n" + b"| a " * 9_000 + b"\n" + b"|-" * 9_000, "x.md"),
        (b"# Container Specification: x\n" + b"[" * 100_000, "x.md"),
        (b"# Container Specification: x\n" + b"*" * 100_000 + b"a", "x.md"),
        (b"[" * 100_000, "x.yaml"),
        (b"a: " * 50_000, "x.yaml"),
        (b"communication: &a [*a]", "x.yaml"),
        (b"communication: {synchronous: &a [*a]}", "x.yaml"),
        (b"version: 1.0\nservices: 0x" + b"f" * 9000 + b"\nregistry: {}", "x.yaml"),
        (b'kind: AgentConfig\napiVersion: "\\ud800"', "x.yaml"),
        (b"kind: [AgentConfig]\n? [a, b]\n: c", "x.yaml"),
        (b"a: &x [1,1,1,1,1,1,1,1,1]\nb: &y [*x,*x,*x,*x,*x,*x,*x,*x]\ncommunication: [*y,*y,*y]", "x.yaml"),
    ],
    ids=range(17),
)
def test_huge_deep_and_crooked(content, file):
    assert survives(content, file).spec is None


@settings(QUICK, max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_an_application_of_broken_documents(seed):
    chance = random.Random(seed)
    readings = []
    for path in sorted(SPECS.rglob("*.*")):
        content = path.read_bytes()
        if chance.random() < 0.4:
            lines = content.split(b"\n")
            del lines[chance.randrange(len(lines))]
            content = b"\n".join(lines)
        readings.append(read_bytes(content, str(path.relative_to(SPECS))))
    found = combine(readings, Path("specs"))
    assert (found.spec is None) == any(f.severity == "error" for f in found.findings)


def test_a_folder_of_rubbish(tmp_path):
    chance = random.Random(1)
    shutil.copytree(SPECS, tmp_path / "specs")
    for number in range(20):
        (tmp_path / "specs" / f"{number}.{chance.choice(['md', 'yaml'])}").write_bytes(chance.randbytes(300))
    checked = check_paths([tmp_path / "specs"])
    assert checked.documents == 30
    assert not checked.passed


@QUICK
@given(text=st.text(max_size=60) | st.from_regex(r"[0-9mGMKi. ,()%x+-]{0,20}", fullmatch=True))
def test_value_parsers_give_a_value_or_say_what_they_expect(text):
    from kitlib.specs import phrases, quantities, values

    parsers = [values.text, values.percent, values.listed, values.names, values.yes, values.command]
    parsers += [values.kubernetes_version, values.whole(), values.choice("a", "b"), values.slug]
    parsers += [quantities.cpu_span, quantities.memory_span, quantities.replicas, quantities.triggers]
    parsers += [quantities.machine, quantities.instance, quantities.gigabytes, quantities.nodes]
    parsers += [phrases.retry, phrases.managed, phrases.hosts, phrases.check, phrases.user, phrases.read_only]
    parsers += [phrases.capabilities, phrases.available, phrases.kind_of_plane, phrases.providers]
    parsers += [phrases.backup, phrases.variables, phrases.pod_security, phrases.taints]
    for parse in parsers:
        with suppress(BadValue):
            parse(text)
