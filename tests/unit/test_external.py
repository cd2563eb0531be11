"""Other people's checks: schemas, hadolint, ShellCheck, actionlint, Helm's lint and Compose."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from checks_help import findings_of, project_of
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from kitlib import tools
from kitlib.checks import external
from kitlib.checks.external import catalogue, derive
from kitlib.checks.running import examine

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DEPLOYMENT = (ROOT / "tests/seed/manifests/deployment.yaml").read_text().partition("\n---")[0]


def outside(files, tmp_path):
    """What the tools say of some files."""
    with external.started(project_of(files, tmp_path)) as running:
        return running.findings()


def shown(findings):
    return [(item.id, item.severity, item.object) for item in findings]


# The schemas


def test_the_cluster_client_does_not_load_a_validator():
    code = (
        "import sys, kitlib.cluster.api\n"
        "print({'jsonschema', 'kubernetes_validate', 'rfc3987_syntax'} & set(sys.modules))\n"
        "import kubernetes_validate\n"  # whoever wants it still gets it
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_checking_does_not_load_a_validator_or_the_cluster_client():
    code = (
        "import sys\nfrom kitlib.checks import check\ncheck(['charts'])\n"
        "print({'jsonschema', 'kubernetes_validate', 'kubernetes', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"


def peer():
    """The library jsonschema on the same schemas: slower, and the standard that ours is held against."""
    definitions = json.loads((catalogue.schema_folder() / "_definitions.json").read_text())
    resource = Resource.from_contents(definitions)
    schema = definitions["$defs"]["io.k8s.api.apps.v1.Deployment"]
    registry = Registry().with_resource("urn:d", resource)
    return Draft202012Validator(
        {"$ref": "urn:d#/$defs/io.k8s.api.apps.v1.Deployment"}, registry=registry
    ), schema


PEER, _ = peer()
OURS = catalogue.builtin()["apps/v1", "Deployment"]


def places(data):
    """Every path of a document."""
    yield ()
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from ((key, *path) for path in places(value))


BASE = yaml.safe_load(DEPLOYMENT)
PATHS = [path for path in places(BASE) if path]
WRONG = st.sampled_from(["text", "", 3, 1.5, 2.0, True, [], {}, ["a"], {"a": 1}, [{"name": 1}]])


def put(data, path, value):
    for step in path[:-1]:
        if not isinstance(data, dict | list):
            return
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    if isinstance(data, dict) or (isinstance(data, list) and isinstance(last, int) and last < len(data)):
        data[last] = value


def drop(data, path):
    for step in path[:-1]:
        data = data[step] if isinstance(data, dict) and step in data else {}
    if isinstance(data, dict):
        data.pop(path[-1], None)


@settings(max_examples=300, deadline=None)
@given(
    wrong=st.lists(st.tuples(st.sampled_from(PATHS), WRONG), max_size=3),
    extra=st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(["nmae", "x"])), max_size=2),
    gone=st.lists(st.sampled_from(PATHS), max_size=2),
)
def test_our_reading_of_the_schemas_agrees_with_jsonschema(wrong, extra, gone):
    body = copy.deepcopy(BASE)
    for path, value in wrong:
        put(body, path, copy.deepcopy(value))
    for path, name in extra:
        put(body, (*path[:-1], name), 1)
    for path in gone:
        drop(body, path)
    theirs = {tuple(error.absolute_path) for error in PEER.iter_errors(body)}
    ours = {
        fault.path[:-1] if fault.found.startswith("the unknown field") else fault.path
        for fault in OURS.faults(body)
    }
    assert ours == theirs


def gateway(line):
    """A Gateway with one line of its listener replaced or added."""
    listener = "    - {name: http, port: 80, protocol: HTTP}\n"
    head = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g}\n"
    return f"{head}spec:\n  gatewayClassName: c\n  listeners:\n{line or listener}"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", []),
        ("    - {name: http, port: 80, protocl: HTTP}\n", ["no protocol", "the unknown field"]),
        ("    - {name: http, port: 80000, protocol: HTTP}\n", ["spec.listeners.0.port: 80000"]),
        ("    - {name: http, port: '80', protocol: HTTP}\n", ['spec.listeners.0.port: "80"']),
    ],
)
def test_a_gateway_is_held_against_the_schema_that_its_project_publishes(line, found):
    findings = findings_of("schema", {"g.yaml": gateway(line)})
    assert [item.object for item in findings] == ["g.yaml:7"] * len(found)
    assert all(part in item.found for part, item in zip(found, findings, strict=True))


def test_kinds_that_are_known_by_name_only_may_hold_anything():
    text = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: p}\nspec: {x: 1}\n"
    files = {"p.yaml": text, "s.yaml": text.replace("AppProject", "AppProjekt")}
    assert findings_of("schema", files) == []
    (wrong,) = findings_of("schema-version", files)
    assert (wrong.object, wrong.fix.summary) == ("s.yaml:2", "kind: AppProject")


def test_of_a_published_schema_what_is_read_stays():
    properties = {
        "port": {"type": "integer", "description": "Where.", "maximum": 9, "x-kubernetes-validations": []},
        "group": {"type": "string", "default": "apps"},
    }
    schema = {"type": "object", "required": ["port", "group"], "properties": properties, "oneOf": []}
    assert derive.reduced(schema) == {
        "type": "object",
        "required": ["port"],
        "properties": {"port": {"type": "integer", "maximum": 9}, "group": {"type": "string"}},
    }


def test_each_schema_says_whose_it_is_and_of_which_version():
    for name, project in derive.PROJECTS.items():
        kept = json.loads((derive.FOLDER / f"{name}.json").read_text())
        assert (kept["source"], kept["version"]) == (project.module, project.version)
        assert sorted(entry["kind"] for entry in kept["kinds"]) == sorted(project.kinds)


def test_the_seeds_objects_are_what_kubernetes_knows():
    files = {path.name: path.read_text() for path in (ROOT / "tests/seed/manifests").glob("*.yaml")}
    files["app.yaml"] = (ROOT / "tests/seed/argocd/application.yaml").read_text()
    assert findings_of("schema", files) == []
    assert findings_of("schema-version", files) == []
    assert findings_of("schema-unknown", files) == []


@pytest.mark.parametrize(
    ("old", "new", "line_of", "found", "expected", "fix"),
    [
        (
            "readinessProbe:",
            "readynessProbe:",
            "readynessProbe",
            "readynessProbe",
            "readinessProbe",
            "did you mean",
        ),
        (
            "containerPort: 8000",
            "container_port: 8000",
            "container_port",
            "container_port",
            "containerPort",
            "did",
        ),
        ("replicas: 3", 'replicas: "3"', "replicas", '"3"', "a whole number", "take the quotes away"),
        (
            "maxUnavailable: 0",
            "maxUnavailable: 0.5",
            "maxUnavailable",
            "0.5",
            "text or a whole number",
            "quotes",
        ),
        ("- name: api\n", "- nom: api\n", "nom: api", "no name", "the field name", "add name:"),
        ("matchLabels:", "matchLabels: app\n    x:", "matchLabels", '"app"', "a mapping", "change"),
    ],
)
def test_a_fault_is_named_with_its_line_and_what_is_meant(old, new, line_of, found, expected, fix):
    text = DEPLOYMENT.replace(old, new, 1)
    findings = findings_of("schema", {"d.yaml": text})
    line = next(n for n, content in enumerate(text.splitlines(), 1) if line_of in content)
    match = [item for item in findings if item.object == f"d.yaml:{line}" and found in item.found]
    assert match, findings
    assert expected in match[0].expected
    assert fix in match[0].fix.summary


def test_all_faults_of_an_object_are_named_at_once():
    text = DEPLOYMENT.replace("replicas: 3", "replicas: x").replace("readinessProbe", "readyProbe", 1)
    text = text.replace("revisionHistoryLimit: 5", "revisionHistory: 5")
    assert len(findings_of("schema", {"d.yaml": text})) == 3


def test_the_value_of_a_secret_is_not_shown():
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  pin: 12345\n"
    (found,) = findings_of("schema", {"s.yaml": secret})
    assert "12345" not in repr(found)
    assert (found.found, found.object) == ("stringData.pin is not text", "s.yaml:5")


@pytest.mark.parametrize(
    ("version", "kind", "expected"),
    [
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "autoscaling/v2"),
        ("extensions/v1beta1", "Ingress", "networking.k8s.io/v1"),
        ("policy/v1beta1", "PodDisruptionBudget", "policy/v1"),
        ("batch/v1beta1", "CronJob", "batch/v1"),
        ("v1", "Deploymnet", "a kind of v1"),
        ("apps/v1", "Deploymnet", "Deployment"),
    ],
)
def test_an_api_version_that_is_gone_is_named_with_its_successor(version, kind, expected):
    text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n"
    (found,) = findings_of("schema-version", {"a.yaml": text})
    assert found.expected == expected


def test_a_kind_without_a_schema_is_said_once():
    text = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\n"
    (found,) = findings_of("schema-unknown", {"a.yaml": text, "b.yaml": text})
    assert (found.severity, found.object) == ("info", "a.yaml:1")


CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              properties:
                size: {type: integer, minimum: 1, maximum: 5}
                mode: {type: string, enum: [fast, slow]}
                free: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""


def test_the_projects_own_crd_is_the_schema_of_its_objects():
    good = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {size: 5, free: {any: 1}}\n"
    assert findings_of("schema", {"crds/c.yaml": CRD, "a.yaml": good}) == []
    assert findings_of("schema-unknown", {"crds/c.yaml": CRD, "a.yaml": good}) == []
    bad = good.replace("size: 5, free: {any: 1}", "size: 9, mode: fsat, sise: 1")
    found = findings_of("schema", {"crds/c.yaml": CRD, "a.yaml": bad})
    assert [item.expected for item in found] == ["at most 5", "fast or slow", "size"]


ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: gateway}]
  hostnames: [todo.local]
  rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      backendRefs: [{name: api, port: 80}]
"""
EXTERNAL = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: s}
spec:
  refreshInterval: 1h
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target: {name: s, creationPolicy: Owner}
  data: [{secretKey: password, remoteRef: {key: todo, property: password}}]
"""


@pytest.mark.parametrize(
    ("text", "old", "new", "found"),
    [
        (ROUTE, "PathPrefix", "Prefix", '"Prefix"'),
        (ROUTE, "backendRefs", "backends", "unknown field"),
        (ROUTE, "port: 80", "port: 80000", "80000"),
        (EXTERNAL, "remoteRef", "remote", "no remoteRef"),
        (EXTERNAL, "ClusterSecretStore", "Vault", '"Vault"'),
    ],
)
def test_the_schemas_that_kit_brings_are_used(text, old, new, found):
    assert findings_of("schema", {"a.yaml": text}) == []
    assert found in " ".join(item.found for item in findings_of("schema", {"a.yaml": text.replace(old, new)}))


def test_argo_cds_application_is_held_against_its_fields():
    text = (ROOT / "tests/seed/argocd/application.yaml").read_text()
    (found,) = findings_of("schema", {"a.yaml": text.replace("selfHeal", "selfheal")})
    assert (found.expected, found.fix.summary) == ("selfHeal", "did you mean selfHeal?")


# The tools


def test_hadolint(tmp_path):
    found = outside({"api/Dockerfile": "FROM debian\nRUN cd /tmp\n"}, tmp_path)
    assert ("hadolint-DL3006", "warning", "api/Dockerfile:1") in shown(found)
    assert any("hadolint/wiki/DL3006" in item.why for item in found)
    healthy = outside({"api/Dockerfile": "FROM debian:12\nUSER 1000:1000\n"}, tmp_path / "good")
    assert healthy == []


def test_shellcheck(tmp_path):
    found = outside({"a.sh": "#!/bin/sh\nrm $1\n"}, tmp_path)
    assert shown(found) == [("shellcheck-SC2086", "info", "a.sh:2")]
    assert outside({"a.sh": '#!/bin/sh\nrm "$1"\n'}, tmp_path / "good") == []


COMPOSE = "services:\n  api:\n    image: a:1\n    ports: ['80:80']\n"


def test_compose_refuses_at_the_line_it_names(tmp_path):
    found = outside({"docker-compose.yml": COMPOSE + "    prots: []\n"}, tmp_path)
    assert shown(found) == [("compose-config", "error", "docker-compose.yml:5")]
    assert "prots" in found[0].found
    assert str(tmp_path) not in found[0].found
    assert outside({"docker-compose.yml": COMPOSE}, tmp_path / "good") == []


def test_compose_warns_of_a_variable_that_nobody_sets(tmp_path, monkeypatch):
    monkeypatch.delenv("NOBODY_SETS_THIS", raising=False)
    files = {"compose.yaml": COMPOSE.replace("a:1", "a:${NOBODY_SETS_THIS}")}
    assert shown(outside(files, tmp_path)) == [("compose-config", "warning", "compose.yaml:1")]
    assert outside(files | {".env": "NOBODY_SETS_THIS=1\n"}, tmp_path / "good") == []


def test_a_compose_file_that_overrides_goes_on_top_of_its_base(tmp_path):
    override = "services:\n  api:\n    command: [x]\n"
    assert outside({"compose.yaml": COMPOSE, "compose.prod.yaml": override}, tmp_path) == []
    alone = outside({"compose.prod.yaml": override}, tmp_path / "alone")
    assert [item.id for item in alone] == ["compose-config"]


WORKFLOW = """\
name: ci
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - run: echo "$HOME"
"""


def test_actionlint(tmp_path):
    bad = WORKFLOW.replace("    runs-on: ubuntu-latest\n", "").replace('"$HOME"', "${{ env.X.y.z }}")
    found = outside({".github/workflows/ci.yaml": bad}, tmp_path)
    assert ("actionlint", "error", ".github/workflows/ci.yaml:4") in shown(found)
    assert outside({".github/workflows/ci.yaml": WORKFLOW}, tmp_path / "good") == []


def test_helm_lint(tmp_path):
    files = {
        "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "c/values.yaml": "{}\n",
        "c/templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
    }
    assert outside(files, tmp_path / "good") == []
    bad = files | {"c/templates/a.yaml": files["c/templates/a.yaml"].replace("name: a", "name: Not_A_Name")}
    found = outside(bad, tmp_path)
    assert [item.id for item in found] == ["helm-lint"]
    assert "Not_A_Name" in found[0].found
    assert found[0].object == "c/templates/a.yaml:1"


def test_a_tool_that_is_missing_is_reported_and_the_rest_runs(tmp_path, monkeypatch):
    never = replace(tools.TOOLS["hadolint"], supported=((99,), (100,)))
    monkeypatch.setitem(tools.TOOLS, "hadolint", never)
    files = {"Dockerfile": "FROM debian\n", "a.sh": "#!/bin/sh\nrm $1\n"}
    report = examine(project_of(files, tmp_path))
    missing = [item for item in report.findings if item.id == "not-run"]
    assert shown(missing) == [("not-run", "info", "Dockerfile:1")]
    assert "hadolint" in missing[0].found
    assert missing[0].fix.summary
    assert "shellcheck-SC2086" in {item.id for item in report.findings}


def test_a_tool_built_by_another_recipe_has_another_name():
    helm = tools.TOOLS["helm"]
    assert helm.file_name.startswith("helm-")
    assert replace(helm, variables=("a=1",)).file_name != helm.file_name
    assert replace(helm, module="helm.sh/helm/v3/cmd/helm@v3.0.0").file_name != helm.file_name
    assert tools.TOOLS["kind"].file_name == "kind"
