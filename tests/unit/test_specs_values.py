"""Values as people write them, and Markdown as it comes."""

from __future__ import annotations

import pytest
from specs_help import STARTING, read_text

from kitlib.specs import phrases, quantities, values
from kitlib.specs.markdown import parse
from kitlib.specs.naming import match
from kitlib.specs.values import BadValue

GOOD = [
    (quantities.cpu_span, "100m-500m", ("100m", "500m")),
    (quantities.cpu_span, "100m – 1", ("100m", "1")),
    (quantities.cpu_span, "100m request, 500m limit", ("100m", "500m")),
    (quantities.cpu_span, "0.5", ("0.5", "0.5")),
    (quantities.memory_span, "128Mi to 1Gi", ("128Mi", "1Gi")),
    (quantities.replicas, "2-10 (HPA)", {"minimum": 2, "maximum": 10, "autoscaled": True}),
    (quantities.replicas, "1-5", {"minimum": 1, "maximum": 5, "autoscaled": False}),
    (quantities.replicas, "3", {"minimum": 3, "maximum": 3, "autoscaled": False}),
    (quantities.nodes, "3 nodes minimum", 3),
    (quantities.nodes, "3", 3),
    (quantities.machine, "2 vCPU, 4GB RAM", (2, 4)),
    (quantities.instance, "t3.large (2 vCPU, 8GB)", ("t3.large", 2, 8)),
    (quantities.triggers, "70% CPU, 80% memory", (70.0, 80.0)),
    (quantities.triggers, "70% CPU", (70.0, None)),
    (quantities.memory_megabytes, "8192MB", 8192),
    (quantities.memory_megabytes, "8 GB", 8192),
    (quantities.gigabytes, "40GB", 40),
    (values.kubernetes_version, "Kubernetes 1.28+", "1.28"),
    (values.kubernetes_version, "v1.34.2", "1.34"),
    (values.yes, "Enabled", True),
    (values.names, "API Gateway, cache", ["api-gateway", "cache"]),
    (phrases.retry, "3x with exponential backoff", {"attempts": 3, "backoff": "exponential"}),
    (phrases.retry, "3x", {"attempts": 3, "backoff": "none"}),
    (phrases.retry, "none", {"attempts": 0}),
    (phrases.available, "Yes (3 AZ)", (True, 3)),
    (phrases.available, "No", (False, 1)),
    (phrases.user, "Non-root (UID 1000)", (True, 1000)),
    (phrases.user, "Root", (False, 0)),
    (phrases.read_only, "Read-only root", True),
    (phrases.read_only, "Writable", False),
    (phrases.capabilities, "Drop all", ["ALL"]),
    (phrases.capabilities, "Drop NET_RAW, SYS_ADMIN", ["NET_RAW", "SYS_ADMIN"]),
    (phrases.managed, "PostgreSQL (managed)", ("PostgreSQL", True)),
    (phrases.managed, "PostgreSQL", ("PostgreSQL", False)),
    (phrases.backup, "Daily snapshots, 7-day retention", {"schedule": "Daily", "retention_days": 7}),
    (phrases.kind_of_plane, "Managed (EKS/GKE)", ("Managed", ["EKS", "GKE"])),
    (phrases.hosts, "a.example.com; b.local (development)", (["a.example.com"], ["b.local"])),
    (phrases.variables, "A=1, B=http://x,http://y; C=", {"A": "1", "B": "http://x,http://y", "C": ""}),
    (phrases.variables, "-", {}),
    (phrases.check, "GET /a", {"path": "/a"}),
    (
        phrases.check,
        "GET /a every 15s, timeout 5s, 3 failures",
        {"path": "/a", "period_seconds": 15, "timeout_seconds": 5, "failures": 3},
    ),
    (phrases.check, "`sh -c 'a b'` every 2s", {"command": ["sh", "-c", "a b"], "period_seconds": 2}),
    (phrases.check, "None", None),
]
BAD = [
    (quantities.memory_span, "512m", "512Mi"),
    (quantities.memory_span, "256MB-1GB", "256Mi"),
    (quantities.cpu_span, "500m-100m", "100m-500m"),
    (quantities.cpu_span, "half", None),
    (quantities.replicas, "many", None),
    (values.kubernetes_version, "2.0", None),
    (values.percent, "101%", None),
    (values.yes, "Yess", "Yes"),
    (values.command, "`a 'b`", None),
    (phrases.retry, "3x with exponentiel backoff", "exponential"),
    (phrases.user, "Non-root", None),
    (phrases.providers, "AWSS", "AWS"),
    (phrases.check, "POST /a", None),
    (phrases.check, "GET /a often", None),
    (phrases.capabilities, "drop everything!", None),
    (phrases.variables, "log_level=DEBUG", None),
]


@pytest.mark.parametrize(("parser", "text", "expected"), GOOD, ids=[text for _, text, _ in GOOD])
def test_a_value_is_read(parser, text, expected):
    assert parser(text) == expected


@pytest.mark.parametrize(("parser", "text", "nearest"), BAD, ids=[text for _, text, _ in BAD])
def test_a_value_that_is_none_names_the_nearest(parser, text, nearest):
    with pytest.raises(BadValue) as caught:
        parser(text)
    assert caught.value.expected
    if nearest:
        assert caught.value.nearest == nearest


def test_markdown_keeps_lines_through_all_that_people_write():
    text = (
        "\ufeff---\r\nauthor: me\r\n---\r\n# T\r\n<!-- - **No**: x -->\r\n\r\n-  **Key:**   value\r\n"
        "-\t**Other** :  `a b`\r\n* **Nested**:\r\n\t- CPU: 1\r\n\r\n## Sub `code`\r\n\r\n"
        "| a | b |\r\n|---|:-:|\r\n| x \\| y | `z` |\r\n\r\n1. **One**: first\r\n2. two: 2\r\n"
    )
    [top] = parse(text).root.sections
    assert (top.title, top.line) == ("T", 4)
    assert [(i.line, i.key, i.value) for i in top.items] == [
        (7, "Key", "value"),
        (8, "Other", "`a b`"),
        (9, "Nested", ""),
    ]
    assert [(i.line, i.key, i.value) for i in top.items[2].items] == [(10, "CPU", "1")]
    [sub] = top.sections
    assert (sub.title, sub.line) == ("Sub code", 12)
    assert [(row.line, row.cells) for row in sub.tables[0].rows] == [(16, ("x | y", "`z`"))]
    assert [(i.line, i.key, i.value, i.numbered) for i in sub.items] == [
        (18, "One", "first", True),
        (19, "two", "2", True),
    ]


def test_a_fence_that_is_not_closed_is_known():
    assert parse("# T\n\n```\ncode\n```\n").unclosed is None
    assert parse("# T\n\n```\ncode\n").unclosed == 3


@pytest.mark.parametrize(
    "change", ["crlf", "tabs", "colon inside", "blanks", "stars", "front matter", "setext"]
)
def test_a_specification_written_otherwise_reads_the_same(change):
    text = (STARTING / "architecture.md").read_text()
    other = {
        "crlf": text.replace("\n", "\r\n"),
        "tabs": text.replace("  - CPU", "\t- CPU").replace("  - Memory", "\t- Memory"),
        "colon inside": text.replace("**:", ":**"),
        "blanks": text.replace("- **", "-   **").replace("**: ", "**:   "),
        "stars": text.replace("\n- **", "\n* **"),
        "front matter": f"---\nowner: me\n---\n\n{text}",
        "setext": text.replace(
            "# Cloud-Native Architecture Specification", "Cloud-Native Architecture Specification\n===="
        ),
    }[change]
    assert other != text
    reading = read_text(other)
    assert reading.ok, reading.findings.json()
    assert reading.spec == read_text(text).spec


def test_names_match_but_for_small_slips():
    places, slips = match(["replica", "CPUs", "CPUs", "Colour"], ["Replicas", "CPUs", "Disk"])
    assert places == {"CPUs": 1, "Replicas": 0}
    assert [(s.index, s.sort, s.nearest) for s in slips] == [
        (2, "duplicate", "CPUs"),
        (0, "unknown", "Replicas"),
        (3, "unknown", None),
    ]
