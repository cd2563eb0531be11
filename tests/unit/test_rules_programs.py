"""The rules on Python programs, Pulumi programs and specifications."""

from __future__ import annotations

import pytest
from checks_help import findings_of

DEBUG = """\
import json, os, subprocess
from openai import OpenAI

client = OpenAI()

def pods(namespace):
    done = subprocess.run(["kubectl", "get", "pods", "-o", "json"], check=True, capture_output=True)
    return json.loads(done.stdout)

def ask(status, pod):
    return client.chat.completions.create(
        model=os.environ["OPENAI_MODEL"],
        messages=[{"role": "user", "content": f"Diagnose: {pod}"}],
    )
"""
PROGRAM = """\
import pulumi
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.autoscaling.v2 import HorizontalPodAutoscaler
from pulumi_kubernetes.networking.v1 import Ingress

api = Deployment(
    "api",
    metadata={"name": "api"},
    spec={
        "template": {
            "spec": {
                "securityContext": {"runAsNonRoot": True},
                "containers": [{"name": "api"}],
            },
        },
    },
)
scaler = HorizontalPodAutoscaler("api", spec={"scaleTargetRef": {"kind": "Deployment", "name": "api"}})
ingress = Ingress("api", metadata={"annotations": {"a": "b"}}, spec={"ingressClassName": "nginx"})
"""
COMMUNICATION = """\
communication:
  asynchronous:
    - pattern: Event Streaming
      broker: Kafka
      delivery: At-least-once
"""
AGENT = """\
apiVersion: kagent.io/v1
kind: AgentConfig
metadata: {name: a}
spec:
  model:
    provider: openai
    name: gpt-4.1
"""
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: agentconfigs.kagent.io}
spec: {group: kagent.io, names: {kind: AgentConfig}}
"""
GOOD = {
    "scripts/debug.py": DEBUG,
    "infrastructure/__main__.py": PROGRAM,
    "specs/communication.yaml": COMMUNICATION,
    "specs/agent.yaml": AGENT,
    "manifests/crd.yaml": CRD,
}

BROKEN = [
    ("ai-model-retired", "scripts/debug.py", ('os.environ["OPENAI_MODEL"]', '"gpt-4"'), 12),
    (
        "ai-unbounded-evidence",
        "scripts/debug.py",
        ('f"Diagnose: {pod}"', 'f"Pods: {json.dumps(status)}"'),
        13,
    ),
    ("ai-key-literal", "scripts/debug.py", ("OpenAI()", 'OpenAI(api_key="sk-1234567890abcdef")'), 4),
    ("python-kubectl-unchecked", "scripts/debug.py", ("check=True, ", ""), 7),
    (
        "pulumi-replicas",
        "infrastructure/__main__.py",
        ("    spec={\n", '    spec={\n        "replicas": 3,\n'),
        10,
    ),
    (
        "pulumi-ingress-class",
        "infrastructure/__main__.py",
        ('{"a": "b"}', '{"kubernetes.io/ingress.class": "nginx"}'),
        19,
    ),
    (
        "pulumi-pod-security",
        "infrastructure/__main__.py",
        ('"securityContext": {"runAsNonRoot": True},', ""),
        11,
    ),
    (
        "communication-exactly-once-kafka",
        "specs/communication.yaml",
        ("At-least-once", "Exactly-once"),
        5,
    ),
    (
        "communication-exactly-once",
        "specs/communication.yaml",
        ("broker: Kafka\n      delivery: At-least-once", "broker: Redis\n      delivery: Exactly-once"),
        5,
    ),
    ("agent-model-retired", "specs/agent.yaml", ("gpt-4.1", "gpt-4"), 7),
    ("agent-crd-missing", "specs/agent.yaml", ("kagent.io/v1", "kagent.io/v1"), 1),
]


@pytest.mark.parametrize(("rule", "path", "change", "line"), BROKEN)
def test_each_defect_is_reported_on_its_line(rule, path, change, line):
    files = GOOD | {path: GOOD[path].replace(*change)}
    if rule == "agent-crd-missing":
        del files["manifests/crd.yaml"]
    assert [item.object for item in findings_of(rule, files)] == [f"{path}:{line}"]


@pytest.mark.parametrize("rule", sorted({rule for rule, *_ in BROKEN}))
def test_good_files_are_not_reported(rule):
    assert findings_of(rule, GOOD) == []


HEALTHY = [
    (
        "python-kubectl-unchecked",
        DEBUG.replace("check=True, ", "").replace("return json", "print(done.returncode)\n    return json"),
    ),
    ("python-kubectl-unchecked", 'import subprocess\ndef f():\n    subprocess.run(["ls"])\n'),
    ("ai-model-retired", 'MODELS = ["gpt-4"]\nprint(dict(model="gpt-4"))\n'),
    ("ai-unbounded-evidence", DEBUG.replace("return json.loads(done.stdout)", "return json.dumps(done)")),
    ("ai-key-literal", 'client = OpenAI(api_key="unused")\n'),
    (
        "pulumi-replicas",
        PROGRAM.replace(
            "    spec={\n",
            '    opts=pulumi.ResourceOptions(ignore_changes=["spec.replicas"]),\n'
            '    spec={\n        "replicas": 3,\n',
        ),
    ),
    (
        "pulumi-replicas",
        PROGRAM.replace("scaler = Horizontal", "# ").replace(
            "    spec={\n", '    spec={\n        "replicas": 3,\n'
        ),
    ),
    ("pulumi-ingress-class", 'NAME = "kubernetes.io/ingress.class"  # pulumi_kubernetes\n'),
]


@pytest.mark.parametrize(("rule", "text"), HEALTHY)
def test_what_only_looks_alike_is_not_reported(rule, text):
    assert findings_of(rule, {"program.py": text}) == []


def test_an_autoscaler_in_the_manifests_counts_for_the_program():
    scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\n"
    scaler += "spec: {scaleTargetRef: {name: api}}\n"
    program = PROGRAM.replace("scaler = Horizontal", "# ").replace(
        "    spec={\n", '    spec={\n        "replicas": 3,\n'
    )
    found = findings_of("pulumi-replicas", {"main.py": program, "manifests/hpa.yaml": scaler})
    assert [item.object for item in found] == ["main.py:10"]


def test_resources_by_argument_classes():
    program = (
        "from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs\n"
        'Deployment("a", spec=DeploymentSpecArgs(\n    replicas=2,\n'
        "    template=T(spec=PodSpecArgs(containers=[1]))))\n"
        "HorizontalPodAutoscaler('a')\n"
    )
    assert [i.object for i in findings_of("pulumi-replicas", {"a.py": program})] == ["a.py:3"]
    assert [i.object for i in findings_of("pulumi-pod-security", {"a.py": program})] == ["a.py:4"]


@pytest.mark.parametrize(
    "text", ["def (", "\x0c", "import pulumi_kubernetes\nDeployment(*a, **{1: 2})\nIngress(spec={**x})\n"]
)
@pytest.mark.parametrize("rule", sorted({rule for rule, *_ in BROKEN}))
def test_odd_programs_are_borne(rule, text):
    assert findings_of(rule, {"a.py": text}) == []
