"""The rules on GitHub workflows and Argo CD Applications, and what an image tag means."""

from __future__ import annotations

import pytest
from checks_help import findings_of

from kitlib.checks.rules.workflow_tags import pushed_tags
from kitlib.checks.targets import File
from kitlib.documents import parse_yaml

PATH = ".github/workflows/deploy.yaml"
WORKFLOW = """\
name: deploy
on:
  push: {branches: [main]}
  pull_request:
permissions:
  contents: read
concurrency: {group: deploy, cancel-in-progress: false}
env:
  REGISTRY: ghcr.io/me
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - uses: docker/metadata-action@v6
        id: meta
        with:
          images: ${{ env.REGISTRY }}/todo-api
          tags: |
            type=sha,format=long,prefix=
      - uses: docker/build-push-action@v7
        with:
          context: ./backend
          push: ${{ github.event_name != 'pull_request' }}
          tags: ${{ steps.meta.outputs.tags }}
      - uses: aquasecurity/trivy-action@57a97c7e7821a5776cebc9bb87c984fa69cba8f1  # v0.35.0
  deploy:
    needs: build
    runs-on: ubuntu-latest
    environment: production
    steps:
      - uses: actions/checkout@v6
      - name: Deploy
        env:
          KUBE_CONFIG: ${{ secrets.KUBE_CONFIG }}
        run: |
          # the chart
          helm upgrade --install todo-app ./charts/todo-app \\
            -f ./charts/todo-app/values-prod.yaml \\
            --set-string api.image.tag=${{ github.sha }} \\
            --wait
      - run: cd backend && echo done
"""
REPOSITORY = {
    "backend/Dockerfile": "FROM a:1\n",
    "charts/todo-app/Chart.yaml": "apiVersion: v2\nname: todo-app\nversion: 1.0.0\n",
    "charts/todo-app/values.yaml": "api:\n  image:\n    tag: ''\n",
    "charts/todo-app/values-prod.yaml": "{}\n",
}

BROKEN = [
    (
        "workflow-action-retired",
        ("checkout@v6\n      - uses: docker/m", "checkout@v4\n      - uses: docker/m"),
        14,
    ),
    ("workflow-action-retired", ("docker/build-push-action@v7", "docker/build-push-action@v6.1.0"), 21),
    ("workflow-action-refused", ("docker/metadata-action@v6", "actions/upload-artifact@v3"), 15),
    ("workflow-action-moving", ("57a97c7e7821a5776cebc9bb87c984fa69cba8f1", "0.35.0"), 26),
    ("workflow-action-moving", ("docker/metadata-action@v6", "docker/metadata-action@master"), 15),
    ("workflow-tag-not-pushed", ("type=sha,format=long,prefix=", "type=sha"), 40),
    (
        "workflow-tag-not-pushed",
        ("type=sha,format=long,prefix=", "type=ref,event=branch\n            type=sha"),
        41,
    ),
    ("workflow-tag-not-pushed", ("${{ steps.meta.outputs.tags }}", "ghcr.io/me/api:v1"), 40),
    ("workflow-permissions", ("permissions:\n  contents: read\n", ""), [9, 25]),
    ("workflow-environment", ("    environment: production\n", ""), 27),
    ("workflow-concurrency", ("concurrency: {group: deploy, cancel-in-progress: false}\n", ""), 26),
    ("workflow-no-scan", ("aquasecurity/trivy-action@", "me/other@"), 21),
    ("workflow-push-from-pull-request", ("${{ github.event_name != 'pull_request' }}", "true"), 24),
    ("workflow-secret-printed", ("# the chart", 'echo "key: $KUBE_CONFIG"'), 37),
    ("workflow-secret-printed", ("# the chart", "echo ${{ secrets.KUBE_CONFIG }}"), 37),
    ("workflow-path-missing", ("context: ./backend", "context: ./api"), 23),
    ("workflow-path-missing", ("values-prod.yaml", "values-production.yaml"), 39),
    ("workflow-path-missing", ("cd backend && echo done", "cd backend && cd ../web"), 42),
    ("helm-atomic", ("--wait", "--atomic"), 41),
]


@pytest.mark.parametrize(("rule", "change", "lines"), BROKEN)
def test_each_defect_is_reported_on_its_line(rule, change, lines):
    assert change[0] in WORKFLOW
    found = findings_of(rule, {PATH: WORKFLOW.replace(*change)} | REPOSITORY)
    wanted = lines if isinstance(lines, list) else [lines]
    assert [item.object for item in found] == [f"{PATH}:{line}" for line in wanted]


@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in BROKEN}))
def test_a_good_workflow_is_not_reported(rule):
    assert findings_of(rule, {PATH: WORKFLOW} | REPOSITORY) == []


def test_a_commit_tells_its_version_in_the_comment():
    commit = "a" * 40
    text = WORKFLOW.replace(
        "actions/checkout@v6\n      - uses: docker/m",
        f"actions/checkout@{commit}  # v4.2.2\n      - uses: docker/m",
    )
    assert len(findings_of("workflow-action-retired", {PATH: text})) == 1
    assert findings_of("workflow-action-retired", {PATH: text.replace("v4.2.2", "v6.0.0")}) == []


@pytest.mark.parametrize(
    "line",
    ['echo "$KUBE_CONFIG" | base64 -d > kubeconfig', 'echo "::add-mask::$KUBE_CONFIG"', "echo KUBE_CONFIG"],
)
def test_a_secret_that_is_handed_on_is_not_printed(line):
    assert findings_of("workflow-secret-printed", {PATH: WORKFLOW.replace("# the chart", line)}) == []


def test_a_test_cluster_is_no_deployment():
    text = WORKFLOW.replace("# the chart", "kind create cluster").replace("    environment: production\n", "")
    assert findings_of("workflow-environment", {PATH: text}) == []


def tags_of(text):
    return pushed_tags(File(PATH, text, tuple(parse_yaml(text))))


@pytest.mark.parametrize(
    ("tags", "meaning"),
    [
        ("ghcr.io/me/api:${{ github.sha }}", {"github.sha"}),
        ("ghcr.io/me/api:$GITHUB_SHA", {"github.sha"}),
        ("${{ env.REGISTRY }}/api:v1,ghcr.io:5000/me/api:v2", {"v1", "v2"}),
        ("ghcr.io/me/api", {"latest"}),
        ("ghcr.io/me/api:${{ steps.meta.outputs.version }}", {"github.sha"}),
        ("ghcr.io/me/api:${{ inputs.version }}", None),
    ],
)
def test_what_a_tag_means(tags, meaning):
    separated = tags.replace(",", "\n            ")
    text = WORKFLOW.replace("tags: ${{ steps.meta.outputs.tags }}", f"tags: |\n            {separated}")
    assert tags_of(text) == meaning


def test_a_tag_through_outputs_of_a_step_and_a_job():
    text = """\
on: push
jobs:
  build:
    outputs: {tag: "${{ steps.tag.outputs.tag }}"}
    steps:
      - id: tag
        run: echo "tag=${GITHUB_SHA}" >> "$GITHUB_OUTPUT"
      - run: |
          docker build -t ghcr.io/me/api:${{ steps.tag.outputs.tag }} .
          docker push ghcr.io/me/api:${{ steps.tag.outputs.tag }}
  deploy:
    steps:
      - run: kubectl set image deployment/api api=ghcr.io/me/api:${{ needs.build.outputs.tag }}
"""
    assert tags_of(text) == {"github.sha"}
    assert findings_of("workflow-tag-not-pushed", {PATH: text}) == []
    wrong = text.replace("${{ needs.build.outputs.tag }}", "${{ github.ref_name }}")
    assert [item.object for item in findings_of("workflow-tag-not-pushed", {PATH: wrong})] == [f"{PATH}:13"]


APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: todo-app, namespace: argocd}
spec:
  source:
    repoURL: https://github.com/me/todo-app.git
    targetRevision: main
    path: charts/todo-app
    helm:
      valueFiles:
        - values.yaml
        - values-prod.yaml
      parameters:
        - name: api.image.tag
          value: $ARGOCD_APP_REVISION
"""
SCALED = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec: {replicas: 2}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api}
spec: {scaleTargetRef: {kind: Deployment, name: api}}
"""
ARGO = REPOSITORY | {PATH: WORKFLOW, "argocd/application.yaml": APPLICATION}

ARGO_BROKEN = [
    ("argocd-revision-tag", {PATH: WORKFLOW.replace("type=sha,format=long,prefix=", "type=sha")}, 15),
    (
        "argocd-revision-tag",
        {"argocd/application.yaml": APPLICATION.replace("REVISION", "REVISION_SHORT")},
        15,
    ),
    (
        "argocd-values-missing",
        {"argocd/application.yaml": APPLICATION.replace("values-prod", "values-live")},
        12,
    ),
    (
        "argocd-path-missing",
        {"argocd/application.yaml": APPLICATION.replace("charts/todo-app", "charts/app")},
        8,
    ),
    (
        "argocd-parameter-unknown",
        {"argocd/application.yaml": APPLICATION.replace("image.tag", "image.version")},
        14,
    ),
    ("argocd-moving-revision", {"argocd/application.yaml": APPLICATION.replace(": main", ": HEAD")}, 7),
    ("argocd-replicas", {"charts/todo-app/templates/api.yaml": SCALED}, 5),
]


@pytest.mark.parametrize(("rule", "change", "line"), ARGO_BROKEN)
def test_each_defect_of_an_application_is_reported_on_its_line(rule, change, line):
    found = findings_of(rule, ARGO | change)
    assert [item.object for item in found] == [f"argocd/application.yaml:{line}"]


@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in ARGO_BROKEN}))
def test_a_good_application_is_not_reported(rule):
    assert findings_of(rule, ARGO) == []


def test_replicas_that_both_settings_leave_alone():
    application = APPLICATION + (
        "  syncPolicy: {syncOptions: [RespectIgnoreDifferences=true]}\n"
        "  ignoreDifferences: [{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}]\n"
    )
    files = ARGO | {"charts/todo-app/templates/api.yaml": SCALED, "argocd/application.yaml": application}
    assert findings_of("argocd-replicas", files) == []


@pytest.mark.parametrize(
    "text", ["on: push\njobs: [1]\n", "jobs: {a: 1, b: {steps: {}}, c: {steps: [1, {uses: 3, run: 4}]}}\n"]
)
@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in BROKEN}))
def test_odd_shapes_are_borne(rule, text):
    assert not [item for item in findings_of(rule, {PATH: text}) if item.id == "rule-failed"]
