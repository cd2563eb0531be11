"""The rules on shell scripts, and the reader of scripts below them."""

from __future__ import annotations

import pytest
from checks_help import findings_of

from kitlib.checks.shell import commands, lines

SCRIPT = """\
#!/usr/bin/env bash
# Never `eval $(minikube docker-env)` here.
set -euo pipefail
TAG="dev-$(date +%s)"
minikube start --driver=docker --kubernetes-version=stable \\
  --addons=ingress,metrics-server
case "$(uname)" in
  Darwin) echo "run minikube tunnel" ;;
esac
minikube image build -t "todo-api:$TAG" ./backend
helm upgrade --install todo-app ./charts/todo-app -f ./charts/todo-app/values-dev.yaml \\
  --set-string api.image.tag="$TAG" --wait
kubectl apply --dry-run=server -f ./backend
kubectl get events --field-selector type=Warning
kubectl get svc -A | grep LoadBalancer
kubectl rollout restart deployment/api -n todo-app
"""
FILES = {"backend/x.txt": "x", "charts/todo-app/values-dev.yaml": "a: 1\n"}

BROKEN = [
    ("script-no-errexit", ("set -euo pipefail\n", "\n"), 1),
    ("script-no-pipefail", ("set -euo pipefail", "set -eu"), 15),
    ("minikube-docker-env", ("TAG=", "eval $(minikube docker-env)\nTAG="), 4),
    ("kubernetes-ended", ("=stable", "=v1.28.0"), 5),
    ("kubectl-top-awk", ("kubectl get svc", "kubectl top pods -A | awk '$4 > 500'\nkubectl get svc"), 15),
    ("kubectl-service-type-selector", ("svc -A |", "svc -A --field-selector spec.type=LoadBalancer |"), 15),
    ("kubectl-restart-deployments", ("deployment/api -n", "deployment -n"), 16),
    ("kubectl-events-one-reason", ("type=Warning", "reason=Failed"), 14),
    (
        "kubectl-ai-unmaintained",
        ("kubectl get svc", "go install github.com/sozercan/kubectl-ai@latest\nkubectl get svc"),
        15,
    ),
    ("minikube-ingress-platform", ('case "$(uname)"', 'case "$1"'), 5),
    ("script-same-tag", ("$TAG", "dev"), 12),
    ("script-client-dry-run", ("--dry-run=server", "--dry-run=client"), 13),
    ("script-path-missing", ("values-dev", "values-test"), 11),
    ("script-path-missing", ("-f ./backend", "-f ./manifests/api.yaml"), 13),
    ("helm-atomic", ("--wait", "--atomic"), 12),
]


@pytest.mark.parametrize(("rule", "change", "line"), BROKEN)
def test_each_defect_is_reported_on_its_line(rule, change, line):
    assert change[0] in SCRIPT
    text = SCRIPT.replace(*change)
    if rule == "minikube-ingress-platform":
        text = text.replace("Darwin", "a")
    if rule == "script-same-tag":
        text = text.replace("kubectl rollout restart", "kubectl rollout status")
    found = findings_of(rule, {"scripts/dev.sh": text} | FILES)
    assert [item.object for item in found] == [f"scripts/dev.sh:{line}"]


@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in BROKEN}))
def test_a_good_script_is_not_reported(rule):
    assert findings_of(rule, {"scripts/dev.sh": SCRIPT} | FILES) == []


HEALTHY = [
    ("minikube-docker-env", "minikube start --container-runtime=docker\neval $(minikube docker-env)\n"),
    ("minikube-docker-env", 'echo "eval \\$(minikube docker-env)"\neval $(minikube docker-env -u)\n'),
    ("script-no-errexit", "docker build .\nhelm upgrade a b\n"),  # a sheet of commands, no script
    ("script-no-pipefail", "#!/bin/bash\nset -e -o pipefail\nkubectl get pods | wc -l\n"),
    ("script-no-pipefail", "#!/bin/bash\nset -e\na || b\n"),
    ("kubernetes-ended", 'minikube start --kubernetes-version="$VERSION"\n'),
    ("kubectl-top-awk", "kubectl top pods | awk '{print $1}'\n"),
    ("kubectl-restart-deployments", "kubectl rollout restart deployment api -n x\n"),
    ("script-same-tag", "docker build -t a:dev .\nhelm upgrade a b --set image.tag=1.0\n"),
    (
        "script-same-tag",
        "docker build -t a:dev .\nhelm upgrade a b --set image.tag=dev\nkubectl rollout restart deploy/a\n",
    ),
    ("script-client-dry-run", "kubectl create ns dev --dry-run=client -o yaml | kubectl apply -f -\n"),
    (
        "script-path-missing",
        "#!/bin/sh\nhelm install db bitnami/postgresql\nkubectl apply -f https://x/y.yaml -f -\n",
    ),
    ("script-path-missing", "#!/bin/sh\nmkdir out\nkubectl apply -f ./out/x.yaml\n"),
]


@pytest.mark.parametrize(("rule", "text"), HEALTHY)
def test_what_only_looks_alike_is_not_reported(rule, text):
    assert findings_of(rule, {"run.sh": text}) == []


def test_a_script_is_read_by_logical_lines():
    text = (
        "# a comment\n"
        "docker build \\\n  -t a:1 . # another\n"
        "cat <<'EOF' > x\nkubectl delete ns a\nEOF\n"
        "echo 'it # is' \"two\nlines\"\n"
        "if ! kubectl get ns; then sudo helm list | wc -l; fi\n"
    )
    assert [(line.number, line.is_message) for line in lines(text)] == [
        (2, False),
        (4, False),
        (7, True),
        (9, False),
    ]
    assert [words for _, words in commands(text)] == [
        ["docker", "build", "-t", "a:1", "."],
        ["cat", "<<", "EOF", ">", "x"],
        ["kubectl", "get", "ns"],
        ["helm", "list"],
        ["wc", "-l"],
        ["fi"],
    ]


@pytest.mark.parametrize(
    "text",
    ["'", '"\n"', "a \\", "<<EOF\n", "echo $((1 + 2)) 'x", "|||;;&&\n", "\\\n\\\n", "cd\n", "x <<< y\n"],
)
def test_odd_scripts_are_borne(text):
    assert list(commands(text, 5)) is not None
    for rule in {rule for rule, _, _ in BROKEN}:
        assert not [
            item for item in findings_of(rule, {"a.sh": "#!/bin/sh\n" + text}) if item.id == "rule-failed"
        ]
