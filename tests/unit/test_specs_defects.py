"""Planted defects, each reported once, at its line, with what to write; healthy documents say nothing."""

from __future__ import annotations

import shutil
from typing import NamedTuple

import pytest
from specs_help import SPECS, STARTING, read, read_text, shown

from kitlib.specs import read_application
from kitlib.specs.checking import check_paths

QUIET = [("info", "spec-agent-group", "agent.yaml:2")]


class Defect(NamedTuple):
    """Replace `old` by `new` in a file; the finding is in the line of `at`, in `reported`."""

    file: str
    old: str
    new: str
    id: str
    at: str
    fix: str
    reported: str = ""
    severity: str = "error"


A, C, B, L, AI, AG, INF, COM = (
    "architecture.md",
    "containers/api.md",
    "build.yaml",
    "local-cluster.md",
    "ai-operations.md",
    "agent.yaml",
    "infrastructure.md",
    "communication.yaml",
)
SCALABILITY = "### Scalability\n- **Horizontal**: HPA based on CPU/memory\n- **Scaling Triggers**: "
API = "### API Service\n- **Type**: REST API\n- **Framework**: FastAPI\n"
DEFECTS = {
    # words
    "a title with a slip": Defect(
        A, "Cloud-Native Arch", "Cloud Native Arci", "spec-unknown", "# Cloud", "Cloud-Nat"
    ),
    "an item with a slip": Defect(
        A, f"{API}- **Replicas**", f"{API}- **Replica**", "spec-unknown", "**Replica**", "Replicas?"
    ),
    "a section with a slip": Defect(
        A, "### Compute", "### Computing", "spec-unknown", "### Computing", "Compute?"
    ),
    "a column with a slip": Defect(
        C, "| Variable |", "| Variables |", "spec-unknown", "| Variables |", "Variable?"
    ),
    "a key with a slip": Defect(
        COM, "use_case: User", "usecase: User", "spec-unknown", "usecase: User", "use_case?"
    ),
    "an unknown key": Defect(
        B,
        "    scan: true\n    push: true\n\n  worker",
        "    scan: true\n    push: true\n    cache: x\n\n  worker",
        "spec-unknown",
        "cache: x",
        "take it out",
    ),
    "an unknown section": Defect(
        INF, "## Observability", "## Billing\n\n## Observability", "spec-unknown", "## Billing", "take it out"
    ),
    "an unknown item": Defect(
        INF, "- **Region**", "- **Owner**: me\n- **Region**", "spec-unknown", "**Owner**", "take it out"
    ),
    # missing and doubled
    "a section that is missing": Defect(
        A,
        f"{SCALABILITY}70% CPU, 80% memory\n",
        "",
        "spec-missing",
        "## Non-Functional",
        "Scalability",
    ),
    "an item that is missing": Defect(
        C, "- **Filesystem**: Read-only root\n", "", "spec-missing", "## Security", "**Filesystem**"
    ),
    "a nested item that is missing": Defect(
        A,
        f"{API}- **Replicas**: 2-10 (HPA)\n- **Resources**:\n  - CPU: 100m-500m\n",
        f"{API}- **Replicas**: 2-10 (HPA)\n- **Resources**:\n",
        "spec-missing",
        f"{API}- **Replicas**: 2-10 (HPA)\n- **Resources**",
        "**CPU**",
    ),
    "a section that is there twice": Defect(
        INF,
        "## Observability",
        "## Storage\n- **Default StorageClass**: a\n\n## Observability",
        "spec-duplicate",
        "## Storage\n- **Default StorageClass**: a",
        "keep one",
    ),
    "an item that is there twice": Defect(
        INF,
        "- **Region**",
        "- **Region**: x\n- **Region**",
        "spec-duplicate",
        "- **Region**: us-east-1",
        "keep one",
    ),
    "a variable that is there twice": Defect(
        C,
        "| LOG_LEVEL |",
        "| REDIS_URL | No | x | Secret | y |\n| LOG_LEVEL |",
        "spec-duplicate",
        "| REDIS_URL | No | x",
        "keep one",
    ),
    "a key that is there twice": Defect(
        B,
        "    context: ./worker",
        "    context: ./x\n    context: ./worker",
        "spec-syntax",
        "    context: ./worker",
        "correct",
    ),
    # values
    "no type of application": Defect(
        A, "Microservice", "Microservce", "spec-value", "Microservce", "write Microservice"
    ),
    "a request above its limit": Defect(
        C, "100m request, 500m limit", "600m request, 500m limit", "spec-value", "600m", "write 500m-600m"
    ),
    "half a byte of memory": Defect(C, "512Mi limit", "512m limit", "spec-value", "512m", "write 512Mi"),
    "more replicas at least than at most": Defect(A, "1-5", "7-5", "spec-value", "7-5", "write 5-7"),
    "a port beyond all ports": Defect(C, "| 9090 | HTTP", "| 99090 | HTTP", "spec-value", "| 99090", "65535"),
    "no protocol": Defect(C, "| 9090 | HTTP", "| 9090 | HTP", "spec-value", "| 9090 | HTP", "write HTTP"),
    "a probe without a path": Defect(
        C, "GET /health/live every", "/health/live every", "spec-value", "**Liveness**", "GET and a path"
    ),
    "a duration without a unit": Defect(
        COM, "timeout: 10s", "timeout: '10'", "spec-value", "timeout:", "30s"
    ),
    "no retry": Defect(COM, "retry: none", "retry: often", "spec-value", "retry: often", "3x"),
    "no delivery": Defect(
        COM, "At-least-once\n\n", "At-least-1\n\n", "spec-value", "At-least-1", "write At-least-once"
    ),
    "no platform": Defect(
        B,
        "      - linux/arm64\n    build_args:\n      NODE",
        "      - linux-arm64\n    build_args:\n      NODE",
        "spec-value",
        "linux-arm64",
        "linux/arm64",
    ),
    "no tool": Defect(B, "tool: trivy", "tool: trivvy", "spec-value", "trivvy", "write trivy"),
    "no severity": Defect(B, "HIGH,CRITICAL", "HIGH,CRITCAL", "spec-value", "HIGH,CRITCAL", "write CRITICAL"),
    "no driver": Defect(L, "docker (recommended)", "dockr", "spec-value", "dockr", "write docker"),
    "a size without a unit": Defect(L, "8192MB", "8192", "spec-value", "8192", "write 8192MB"),
    "no approval": Defect(
        AI,
        "| Any pod failure | Auto |",
        "| Any pod failure | Automatic |",
        "spec-value",
        "Automatic",
        "write Auto",
    ),
    "no line on answering": Defect(
        AI,
        "4. If no response in 15min: escalate to team lead\n",
        "",
        "spec-missing",
        "## Escalation",
        "If no response",
    ),
    "no action": Defect(
        AG,
        "action: suggest-scaling",
        "action: sugest-scaling",
        "spec-value",
        "sugest",
        "write suggest-scaling",
    ),
    "a number in words": Defect(
        AG, "maxActionsPerHour: 10", "maxActionsPerHour: ten", "spec-value", "ten", "whole number"
    ),
    "ranges that overlap": Defect(
        INF, "10.1.0.0/16", "10.0.0.0/12", "spec-value", "**Pod CIDR**", "outside of"
    ),
    "no taint": Defect(
        INF, "workload=memory:NoSchedule", "workload=memory", "spec-value", "**Taints**", "NoSchedule"
    ),
    "another name in the title": Defect(
        INF,
        "Specification: production",
        "Specification: staging",
        "spec-value",
        "# Infra",
        "write production",
    ),
    "no factor": Defect(A, "| Logs |", "| Logz |", "spec-value", "| Logz |", "write Logs"),
    "a factor that is missing": Defect(
        A, "| Logs | JSON lines on standard output |\n", "", "spec-missing", "## Twelve", "| Logs |"
    ),
    "a placeholder": Defect(
        A, "Task management", "[Business domain]", "spec-placeholder", "[Business", "fill this in"
    ),
    "a fence that is not closed": Defect(
        AI,
        "4. If no response in 15min: escalate to team lead\n",
        "4. If no response in 15min: escalate\n\n```\nx\n",
        "spec-syntax",
        "```",
        "close it",
    ),
    "no YAML": Defect(AG, "  # Safety Controls", "  - no", "spec-syntax", "  - no", "correct"),
    # between documents
    "other resources": Defect(
        C, "256Mi request", "300Mi request", "spec-resources-differ", "300Mi", "write 256Mi"
    ),
    "more in development than in production": Defect(
        L,
        "| api | 1 | 50m-500m",
        "| api | 1 | 50m-900m",
        "spec-resources-differ",
        "50m-900m",
        "write 500m",
        severity="warning",
    ),
    "a call to nobody": Defect(
        A, "- **Calls**: api", "- **Calls**: apy", "spec-calls-unknown", "apy", "write api"
    ),
    "a called service without a port": Defect(
        A,
        "- **Port**: 80\n- **Hosts**: api.example",
        "- **Hosts**: api.example",
        "spec-port-missing",
        "### API",
        "**Port**",
    ),
    "a host for two": Defect(
        A,
        "Hosts**: api.example.com",
        "Hosts**: app.example.com",
        "spec-host-twice",
        "Hosts**: app.example.com; api",
        "another host",
    ),
    "a container elsewhere": Defect(
        A, "containers/api.md", "containers/apis.md", "spec-container-missing", "apis.md", "api.md"
    ),
    "a variable nobody reads": Defect(
        L,
        "worker | 1 | 50m-500m | 64Mi-512Mi | LOG_LEVEL",
        "worker | 1 | 50m-500m | 64Mi-512Mi | LOG_LEVL",
        "spec-variable-unknown",
        "LOG_LEVL",
        "write LOG_LEVEL",
    ),
    "a secret in the open": Defect(
        L,
        "| LOG_LEVEL=DEBUG, CORS",
        "| DATABASE_URL=postgresql://u:p@db/x, CORS",
        "spec-variable-source",
        "DATABASE_URL",
        "take it out",
    ),
    "overrides of nobody": Defect(
        L, "| worker |", "| wrker |", "spec-service-unknown", "wrker", "write worker"
    ),
    "an image of nobody": Defect(
        B, "  frontend:", "  frontnd:", "spec-service-unknown", "frontnd", "write frontend"
    ),
    "another base image": Defect(
        B,
        'NODE_IMAGE: "node:20-alpine"',
        'NODE_IMAGE: "node:22-alpine"',
        "spec-image-differs",
        "node:22",
        "node:20-alpine",
    ),
    "an argument nobody reads": Defect(
        B, 'NODE_IMAGE: "', 'NODE_IMAG: "', "spec-variable-unknown", "NODE_IMAG:", "write NODE_IMAGE"
    ),
    "an older cluster": Defect(
        A, "Kubernetes 1.35+", "Kubernetes 1.36+", "spec-version-differs", "", "write 1.36"
    ),
    "too few nodes": Defect(
        INF, "**Min Nodes**: 3", "**Min Nodes**: 2", "spec-nodes-differ", "**Min Nodes**: 2", "Min Nodes 3"
    ),
    "another pod security": Defect(
        INF,
        "Pod Security**: Restricted",
        "Pod Security**: Baseline",
        "spec-security",
        "Baseline",
        "write Restricted",
    ),
    "root in a restricted pod": Defect(
        C, "Non-root (UID 1000)", "Root", "spec-security", "**User**", "Non-root (UID 1000)"
    ),
    "a capability kept": Defect(C, "Drop all", "Drop NET_RAW", "spec-security", "Drop NET_RAW", "Drop all"),
    "a port that the table lacks": Defect(
        C, "| PORT | No | 8000", "| PORT | No | 8080", "spec-port-differs", "8080", "8000"
    ),
    "a prohibited suggestion": Defect(
        AI,
        "- RBAC changes",
        "- Scaling of anything\n- RBAC changes",
        "spec-agent-prohibited",
        "action: suggest-scaling",
        "diagnose",
        AG,
    ),
    "alone in one, approved in the other": Defect(
        AI,
        "5min | Manual |\n| HPA",
        "5min | Auto |\n| HPA",
        "spec-approval-differs",
        "| Pod restart",
        "Manual",
        severity="warning",
    ),
    "a broker from nowhere": Defect(
        COM,
        "broker: Redis",
        "broker: Kafka",
        "spec-broker-unknown",
        "broker: Kafka",
        "Storage",
        severity="warning",
    ),
    # claims
    "once, and never twice, by Redis": Defect(
        COM, "At-least-once\n\n", "Exactly-once\n\n", "spec-delivery", "Exactly-once\n\n", "At-least-once"
    ),
    "an ended version": Defect(
        INF,
        "Version**: 1.35",
        "Version**: 1.28",
        "spec-kubernetes-ended",
        "1.28",
        "write 1.3",
        severity="warning",
    ),
    "an ended model": Defect(
        AG, "gpt-5-mini", "gpt-4", "spec-agent-model", "name: gpt-4", "gpt-5-mini", severity="warning"
    ),
}
TWO = {"an older cluster", "an ended version"}  # each of these breaks two rules


@pytest.fixture
def specs(tmp_path, monkeypatch):
    shutil.copytree(SPECS, tmp_path / "specs")
    monkeypatch.chdir(tmp_path / "specs")
    return tmp_path / "specs"


def line_of(text, part):
    assert part in text, part
    lead = part.rindex("\n") + 1 if part.startswith("#") and "- **Resources**" in part else 0
    return text[: text.index(part) + lead].count("\n") + 1


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_found_where_it_is_and_nothing_else(defect, specs, request):
    path = specs / defect.file
    text = path.read_text()
    assert text.count(defect.old) >= 1
    path.write_text(text.replace(defect.old, defect.new, 1))
    found = [f for f in read_application(".").findings if f.id != "spec-agent-group"]
    [this, *others] = sorted(found, key=lambda f: f.id != defect.id)
    assert bool(others) == (request.node.callspec.id in TWO), shown(found)
    assert (this.severity, this.id) == (defect.severity, defect.id)
    file = defect.reported or defect.file
    where = str(this.object)
    if defect.at:
        assert where == f"{file}:{line_of((specs / file).read_text(), defect.at)}"
    assert defect.fix in this.fix.summary
    assert this.title
    assert this.found
    assert this.why


def test_the_healthy_specifications_say_nothing(specs):
    assert shown(read_application(".").findings) == QUIET
    assert read_application(".").ok


@pytest.mark.parametrize("path", sorted(STARTING.iterdir()), ids=lambda path: path.name)
def test_a_starting_specification_is_valid(path):
    reading = read(path)
    assert reading.ok
    assert reading.kind == path.stem
    assert not shown(reading.findings, "error", "warning")


def test_the_starting_specifications_agree_with_one_another(tmp_path):
    for path in STARTING.iterdir():
        shutil.copy(path, tmp_path)
    (tmp_path / "containers").mkdir()
    (tmp_path / "container.md").rename(tmp_path / "containers" / "api.md")
    assert not shown(read_application(tmp_path).findings, "error", "warning")


def test_all_errors_of_a_file_come_at_once():
    text = (STARTING / "architecture.md").read_text()
    for old, new in (
        ("Microservice\n- **Domain**", "Megaservice\n- **Domain**"),
        ("- **Framework**: FastAPI\n", ""),
        ("2-10 (HPA)\n- **Res", "many\n- **Res"),
        ("3 nodes minimum", "some"),
        ("99.9%", "199%"),
        ("70% CPU", "70 CPU"),
        ("## Twelve", "## Colours\n\n## Twelve"),
    ):
        assert old in text
        text = text.replace(old, new)
    found = read_text(text).findings
    assert len(shown(found, "error")) == 7
    lines = [int(str(f.object).rpartition(":")[2]) for f in found]
    assert lines == sorted(lines)


def test_the_path_is_in_the_documents_own_words():
    text = (STARTING / "architecture.md").read_text().replace("CPU: 100m-500m", "CPU: 100-500x")
    [finding] = read_text(text).findings
    assert finding.title == "Service Components > API Service > Resources > CPU"
    text = (STARTING / "communication.yaml").read_text().replace("broker: Redis", "broker: 5")
    [finding] = read_text(text, "c.yaml").findings
    assert finding.title == "communication > asynchronous > 1 > broker"


def test_a_missing_and_a_doubled_document(specs):
    (specs / "build.yaml").unlink()
    shutil.copy(specs / "containers" / "api.md", specs / "containers" / "again.md")
    found = shown(read_application(".").findings, "error")
    assert ("error", "spec-missing", "build.yaml:1") in found
    assert ("error", "spec-duplicate", "containers/api.md:1") in found
    assert len(found) == 3  # the architecture names containers/api.md, and again.md was read first


def test_a_broken_container_is_not_called_missing(specs):
    path = specs / "containers" / "api.md"
    path.write_text(path.read_text().replace("Read-only root", "???"))
    assert [id for _, id, _ in shown(read_application(".").findings, "error")] == ["spec-value"]


def test_a_file_in_a_folder_is_read_once(specs):
    checked = check_paths([specs, specs / "build.yaml", specs / "containers"])
    assert checked.documents == 10
    assert len(checked.findings) == 1
    assert checked.passed
