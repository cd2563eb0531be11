"""The twelve-factor audit, and the pictures and numbers of lesson 01."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from kitlib.errors import UsageError
from kitlib.lessons import calls, pictures
from kitlib.lessons.audit import audit
from kitlib.lessons.factors import LOOKS
from kitlib.specs.models.architecture import FACTORS
from kitlib.specs.models.communication import Retry, Synchronous
from kitlib.specs.reading import read

ROOT = Path(__file__).parents[2]
PARTS = (
    "todo-app/specs",
    "todo-app/backend",
    "todo-app/worker",
    "todo-app/frontend/src",
    "todo-app/deploy",
    "charts",
)


@pytest.fixture
def copy(tmp_path):
    for part in (*PARTS, ".github/workflows"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    for file in ("todo-app/docker-compose.yml", "todo-app/frontend/Dockerfile"):
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


def test_each_of_the_twelve_factors_has_a_practice_and_evidence():
    found = audit(ROOT)
    assert tuple(item.factor for item in found) == FACTORS == tuple(LOOKS)
    assert all(item.practice and len(item.evidence) >= 2 for item in found)
    assert {item.factor for item in found if item.verdict != "kept"} == {"Dev/Prod Parity"}
    assert "✓ Logs: kept" in repr(found)
    assert "<b>but not:</b> development has" in found._repr_html_()


@pytest.mark.parametrize(
    ("file", "pattern", "text", "factor"),
    [
        ("todo-app/backend/app/config.py", r"\Z", '\npassword = "abc"\n', "Config"),
        ("todo-app/backend/Dockerfile", r"--require-hashes ", "", "Dependencies"),
        (
            "todo-app/backend/Dockerfile",
            r'CMD \["python", "-m", "app.main"\]',
            "CMD python -m app.main",
            "Disposability",
        ),
        ("todo-app/worker/worker/app.py", r"\Z", '\nlogging.FileHandler("x")\n', "Logs"),
        ("charts/todo-app/Chart.yaml", r"condition: .*", "", "Backing Services"),
        ("charts/todo-app/templates/_helpers.tpl", r"readOnlyRootFilesystem: true", "", "Build/Release"),
        ("todo-app/worker/worker/reminders.py", r"skip_locked=True", "", "Concurrency"),
        ("todo-app/deploy/argocd-application.yaml", r"path: charts/todo-app", "", "Codebase"),
    ],
)
def test_a_verdict_follows_the_files(copy, file, pattern, text, factor):
    assert audit(copy).factor(factor).verdict == "kept"
    path = copy / file
    path.write_text(re.sub(pattern, text, path.read_text()))
    found = audit(copy)
    assert found.factor(factor).verdict == "partly kept"
    assert [item.factor for item in found if item.verdict != "kept"] == sorted(
        [factor, "Dev/Prod Parity"], key=FACTORS.index
    )


def test_parity_is_kept_once_development_has_the_policies(copy):
    path = copy / "charts/todo-app/values-dev.yaml"
    path.write_text(
        path.read_text().replace("networkPolicy:\n  enabled: false", "networkPolicy:\n  enabled: true")
    )
    assert audit(copy).factor("Dev/Prod Parity").verdict == "kept"


def test_a_quote_says_where_it_stands(copy):
    quote = audit(copy).factor("Logs").evidence[0].quote
    file, _, number = quote.source.rpartition(":")
    assert quote.text in (copy / file).read_text().splitlines()[int(number) - 1]


def test_no_file_to_look_at_is_no_evidence(copy):
    shutil.rmtree(copy / "todo-app/frontend/src")
    assert audit(copy).factor("Config").verdict == "partly kept"
    (copy / "todo-app/specs/architecture.md").write_text("# Something else\n")
    with pytest.raises(UsageError, match="has errors"):
        audit(copy)


def call(timeout, attempts, backoff):
    retry = Retry(attempts=attempts, backoff=backoff)
    return Synchronous(pattern="REST", use_case="requests", timeout=timeout, retry=retry)


@pytest.mark.parametrize(
    ("timeout", "attempts", "backoff", "expected"),
    [
        ("30s", 3, "exponential", 127),
        ("10s", 0, "none", 10),
        ("1m30s", 1, "fixed", 181),
        ("500ms", 3, "none", 2),
    ],
)
def test_the_longest_wait_is_every_attempt_and_every_pause(timeout, attempts, backoff, expected):
    found = call(timeout, attempts, backoff)
    assert calls.longest(found) == expected
    picture = pictures.attempts(found)
    assert picture.shapes.count("<rect") == attempts + 1
    moments = re.findall(r"text-anchor='middle'>([\d.]+)( s)?</text>", picture.shapes)
    assert moments[0] == ("0", "")  # the axis begins there, and ends with its unit
    assert moments[-1] == (f"{expected}", " s")
    assert f"after {expected} s" in repr(picture)


def test_the_request_path_is_that_of_the_specification():
    import xml.etree.ElementTree as tree

    picture = pictures.request_path(read(ROOT / "todo-app/specs/architecture.md").spec)
    assert "Ingress → frontend, api; frontend → api; api → PostgreSQL, Redis" in picture.words
    shown = tree.fromstring(picture._repr_html_())
    texts = [item.text for item in shown.iter("text")]
    assert texts == ["browser", "Ingress", "frontend", "api", "PostgreSQL", "Redis", "worker"]
    assert len(list(shown.iter("path"))) == 1 + 8  # the arrow's tip, and the calls
    assert shown.get("aria-label") == repr(picture)
