"""Any text is understood in bounded time, and nothing in it can raise."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kitlib.diagnosis.logs import Said, understand
from kitlib.diagnosis.logs.patterns import RULES

pytestmark = pytest.mark.slow

LOGS = Path(__file__).parent / "logs"
LINES = sorted({line for path in LOGS.glob("*.txt") for line in path.read_text().split("\n")})
SECONDS = 3.0  # for what takes a tenth of it on a busy machine: enough to tell a catastrophe from a slow one

WIDE = {
    "letters": "x" * 1_000_000,
    "colons": "Error: " + "a:" * 500_000,
    "slashes": "permission denied " + "/a" * 500_000,
    "spaces": "missing required environment variable" + " " * 1_000_000 + "X",
    "capitals": "is required " + "A_" * 500_000,
    "quotes": 'could not resolve host "' + "'\"" * 500_000,
    "braces": '{"message":' * 90_000,
    "json": json.dumps({"level": "error", "message": "x" * 500_000, "stack": "at a (b:1:1)\n" * 40_000}),
    "digits": "1" * 1_000_000,
    "frames": 'Traceback (most recent call last):\n  File "' + "a/" * 500_000,
    "urls": "connection refused " + "http://a.b/" * 90_000,
}
LONG = {
    "at": "Error: x\n" + "    at f (/app/a.js:1:1)\n" * 40_000,
    "tracebacks": "Traceback (most recent call last):\n" * 30_000,
    "caused": "Caused by: a.B: c\n" * 30_000,
    "panics": "panic: x\n" * 30_000,
    "blank": "\n" * 100_000,
    "refused": "\n".join(f"{i} dial tcp 10.0.0.{i % 250}:80: connection refused" for i in range(4_000)),
}

KEYS = st.sampled_from(["message", "error", "level", "stack", "cause", "code", "err"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=30)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def seconds(text: str) -> float:
    started = time.process_time()
    understand(text)
    return time.process_time() - started


@pytest.mark.parametrize("name", WIDE)
def test_a_line_of_a_megabyte_takes_no_time(name: str):
    assert seconds(WIDE[name]) < SECONDS


@pytest.mark.parametrize("name", LONG)
def test_many_lines_take_time_in_proportion(name: str):
    assert seconds(LONG[name]) < 10 * SECONDS


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.kind}-{rule.words[0]}")
def test_no_wording_backtracks_without_bound(rule):
    for piece in ("a", "a ", "A_", "/a", "a.", "a:", "1.", "'\"", " (", "a=", "not ", "connect to "):
        text = " ".join(rule.words) + " " + piece * (2_000 // len(piece))
        started = time.process_time()
        rule.match(text)
        assert time.process_time() - started < 0.5, f"{piece!r}"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=3_000))
def test_any_text_is_understood(text: str):
    assert all(isinstance(said, Said) for said in understand(text))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(LINES) | st.text(max_size=80), max_size=40))
def test_any_mixture_of_real_lines_is_understood(lines: list[str]):
    text = "\n".join(lines)
    for said in understand(text):
        assert 1 <= said.line <= text.count("\n") + 1
        assert len(said.text) <= 300
        assert said.port is None or 0 < said.port < 65536


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_any_record_is_understood(record: object):
    understand(json.dumps({"message": record, "error": record, "level": record}))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(LOGS.glob("*.txt"))), st.integers(0, 4_000), st.integers(0, 4_000))
def test_a_log_cut_anywhere_is_understood(path: Path, start: int, length: int):
    understand(path.read_text()[start : start + length])


def test_the_same_text_is_understood_the_same():
    for path in sorted(LOGS.glob("*.txt"))[::7]:
        assert understand(path.read_text()) == understand(path.read_text())


def test_a_repeated_failure_is_told_once():
    text = "ERROR dial tcp 10.96.0.7:5432: connect: connection refused\n" * 200
    assert len(understand(text)) == 1


def test_windows_line_ends_and_colours_do_not_matter():
    text = "\x1b[31mERROR\x1b[0m dial tcp 10.96.0.7:5432: connect: connection refused\r\n"
    assert [(said.kind, said.host, said.port) for said in understand(text)] == [
        ("connection-refused", "10.96.0.7", 5432)
    ]
