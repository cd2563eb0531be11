"""The engine: what it reads, what it can't read, what is ignored, and in which order it reports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from checks_help import findings_of, project_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kitlib.checks import check, engine
from kitlib.checks.config import read_config
from kitlib.checks.project import load
from kitlib.checks.rule import RULES, Rule
from kitlib.checks.running import examine
from kitlib.errors import UsageError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers: []\n"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  size: '1'\n"
BAD_CONFIG = CONFIG.replace("data:\n  size: '1'", "data: {}\nimmutable: often")  # `schema` says so at line 6
CHART = {
    "c/Chart.yaml": "apiVersion: v2\nname: real-name\nversion: 1.0.0\n",
    "c/values.yaml": "size: '1'\n",
    "c/templates/config.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  size: {{ .Values.size | quote }}\n"
    ),
}


def ids(findings):
    return [item.id for item in findings]


def rules_only(files, tmp_path):
    return examine(project_of(files, tmp_path), tools=False)


# What is read


def test_each_file_is_sorted_by_what_it_is(tmp_path):
    project = project_of(
        {
            "k8s/pod.yaml": POD,
            "k8s/more.json": json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "j"}}),
            "docker-compose.yml": "services: {}\n",
            "compose.prod.yaml": "services: {}\n",
            "api/Dockerfile": "FROM a:1\n",
            "api/prod.Dockerfile": "FROM a:1\n",
            "api/Dockerfile.dockerignore": "*\n",
            ".github/workflows/ci.yaml": "on: push\njobs: {}\n",
            "bin/run": "#!/usr/bin/env bash\ntrue\n",
            "bin/tool": "#!/usr/bin/env python3\n",
            "a.sh": "true\n",
            "settings.yaml": "colour: red\n",
            "kind.yaml": "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n",
            "node_modules/x/pod.yaml": POD,
            ".venv/Dockerfile": "FROM a\n",
        },
        tmp_path,
    )
    paths = {
        key: sorted(f.path for f in getattr(project, key)) for key in ("dockerfiles", "scripts", "composes")
    }
    assert paths["dockerfiles"] == ["api/Dockerfile", "api/prod.Dockerfile"]
    assert paths["scripts"] == ["a.sh", "bin/run"]
    assert paths["composes"] == ["compose.prod.yaml", "docker-compose.yml"]
    assert [f.path for f in project.workflows] == [".github/workflows/ci.yaml"]
    assert [(b.name, [o.name for o in b.objects]) for b in project.bundles] == [("k8s", ["j", "a"])]
    assert {"settings.yaml", "kind.yaml", "bin/tool"} <= {f.path for f in project.others}
    assert project.problems == []


def test_the_items_of_a_list_are_objects_with_their_own_lines(tmp_path):
    text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: inner\n"
    project = project_of({"list.yaml": text}, tmp_path)
    (item,) = project.bundles[0].objects
    assert (item.name, item.at("metadata", "name")) == ("inner", "list.yaml:7")


def test_a_path_that_is_given_is_looked_at_even_among_noise(tmp_path):
    project_of({"node_modules/pod.yaml": POD}, tmp_path)
    assert [b.name for b in load(tmp_path, [tmp_path / "node_modules"]).bundles] == ["node_modules"]


def test_a_path_twice_is_read_once(tmp_path):
    project_of({"k/pod.yaml": POD}, tmp_path)
    project = load(tmp_path, [tmp_path, tmp_path / "k", tmp_path / "k/pod.yaml"])
    assert [len(bundle.objects) for bundle in project.bundles] == [1]


def test_what_is_excluded_is_left_out_and_said_unless_it_is_named(tmp_path):
    files = {"bad/x.yaml": BAD_CONFIG, ".kit-check.yaml": "exclude:\n- path: bad\n  reason: an example\n"}
    project = project_of(files, tmp_path)
    assert (project.bundles, project.excluded) == ([], {"bad": "an example"})
    assert [b.name for b in load(tmp_path, [tmp_path / "bad"]).bundles] == ["bad"]


@pytest.mark.parametrize(
    "text", ["exclude: bad\n", "exclude:\n- path: bad\n", "exlude: []\n", "- a\n", "a: [\n"]
)
def test_settings_of_another_shape_are_refused(tmp_path, text):
    (tmp_path / ".kit-check.yaml").write_text(text)
    with pytest.raises(UsageError, match="kit-check"):
        read_config(tmp_path)


# What can't be read


@pytest.mark.parametrize(
    ("name", "content", "id", "line", "word"),
    [
        ("a.yaml", b"kind: Pod\nmetadata: {name: a\n", "not-yaml", 3, "expected"),
        ("a.yaml", b"a: 1\nb: 2\na: 3\n", "not-yaml", 3, "twice"),
        ("a.yaml", b"a: 1\n\tb: 2\n", "not-yaml", 2, "tab"),
        ("a.yaml", b"a: !!python/object:os.system {}\n", "not-yaml", 1, "python"),
        ("a.yaml", b"a: caf\xe9\n", "unreadable", 1, "0xe9"),
        ("a.yaml", b"a\0b", "unreadable", 1, "binary"),
        ("Dockerfile", b"FROM \xff\xfe", "unreadable", 1, "0xff"),
        ("a.yaml", b" \n", "empty-file", 1, "nothing"),
        ("Dockerfile", b"", "empty-file", 1, "nothing"),
        ("a.yaml", b"# " + b"x" * 5_000_001, "unreadable", 1, "5,000,003"),
        ("a.yaml", b"kind: Pod\nmetadata: {name: a}\n", "manifest-incomplete", 1, "apiVersion"),
        ("a.yaml", b"apiVersion: v1\nkind: 3\nspec: {}\n", "manifest-incomplete", 1, "kind: 3"),
        ("a.yaml", b"a: &a [x, x]\nb: &b [*a, *a]\n" * 1, "", 0, ""),  # aliases as such are fine
    ],
)
def test_what_cannot_be_read_is_a_finding_with_its_line(tmp_path, name, content, id, line, word):
    (tmp_path / name).write_bytes(content)
    problems = load(tmp_path, [tmp_path]).problems
    if not id:
        assert problems == []
        return
    (problem,) = problems
    assert (problem.id, problem.object) == (id, f"{name}:{line}")
    assert word in problem.found


def test_binary_files_of_other_names_are_passed_over(tmp_path):
    for name in ("picture.png", "program", "data.json"):
        (tmp_path / name).write_bytes(b"\x89PNG\0\xff")
    assert load(tmp_path, [tmp_path]).problems == []


def test_one_bad_file_does_not_keep_the_others_from_being_checked(tmp_path):
    report = rules_only({"a.yaml": "a: [\n", "b.yaml": BAD_CONFIG}, tmp_path)
    assert {"not-yaml", "schema"} <= set(ids(report.findings))


def test_compose_tags_are_read(tmp_path):
    project = project_of({"docker-compose.yml": "services:\n  a:\n    ports: !reset []\n"}, tmp_path)
    assert project.problems == []
    assert project.composes[0].documents[0].data == {"services": {"a": {"ports": []}}}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70000) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "spec", "env"]), inner)
    ),
    max_leaves=6,
)
FIELDS = [
    *("spec", "metadata", "template", "containers", "initContainers", "volumes", "selector", "matchLabels"),
    *("ports", "env", "envFrom", "resources", "limits", "requests", "securityContext", "livenessProbe"),
    *(
        "httpGet",
        "port",
        "image",
        "name",
        "rules",
        "data",
        "stringData",
        "replicas",
        "metrics",
        "minAvailable",
    ),
    *("podSelector", "ingress", "egress", "tls", "http", "paths", "backend", "annotations", "labels"),
    *("subjects", "roleRef"),
]
BODIES = st.recursive(
    VALUES,
    lambda inner: st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5) | st.lists(inner, max_size=3),
)
KINDS = [
    "Pod",
    "Deployment",
    "Service",
    "Ingress",
    "Secret",
    "ConfigMap",
    "NetworkPolicy",
    "PodDisruptionBudget",
]
KINDS += [
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Role",
    "RoleBinding",
    "Namespace",
    "CronJob",
    "Application",
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(KINDS), metadata=VALUES, spec=BODIES, other=BODIES)
def test_no_rule_breaks_on_objects_of_any_shape(tmp_path, kind, metadata, spec, other):
    body = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}
    body |= other if isinstance(other, dict) else {"data": other}
    (tmp_path / "a.yaml").write_text(json.dumps(body))
    report = examine(load(tmp_path, [tmp_path]), tools=False)
    assert [item.found for item in report.findings if item.id == "rule-failed"] == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=300), name=st.sampled_from(["Dockerfile", "a.sh", "compose.yaml", "p.yaml", "a.py"])
)
def test_no_rule_breaks_on_files_of_any_content(tmp_path, text, name):
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    report = examine(load(tmp_path, [tmp_path]), tools=False)
    (tmp_path / name).unlink()
    assert [item.found for item in report.findings if item.id == "rule-failed"] == []


# Charts


def test_a_chart_renders_with_each_values_file_and_names_its_templates(tmp_path):
    files = CHART | {"c/values-prod.yaml": "size: '2'\n", "c/ci/big-values.yaml": "size: '3'\n"}
    project = project_of(files, tmp_path)
    assert [(b.name, b.objects[0].get("data", "size")) for b in project.bundles] == [
        ("c with values.yaml", "1"),
        ("c with values-prod.yaml", "2"),
        ("c with ci/big-values.yaml", "3"),
    ]
    item = project.bundles[0].objects[0]
    assert item.at("data", "size") == "c/templates/config.yaml:6"
    assert project.charts[0].file("values.yaml") is not None
    assert project.problems == []


def test_a_finding_that_every_values_file_shows_is_reported_once(tmp_path):
    files = CHART | {"c/values-prod.yaml": "other: 1\n"}
    files["c/templates/config.yaml"] = files["c/templates/config.yaml"].replace(" | quote", "") + "kinds: 1\n"
    report = rules_only(files, tmp_path)
    assert [(f.object, f.found) for f in report.findings if f.id == "schema" and "kinds" in f.found] == [
        ("c/templates/config.yaml:7", "the unknown field kinds")
    ]


def test_a_template_that_fails_is_found_at_its_line(tmp_path):
    files = CHART | {"c/templates/bad.yaml": "a: 1\nb: {{ .Values.missing.deep }}\n"}
    (problem,) = project_of(files, tmp_path).problems
    assert (problem.id, problem.object) == ("chart-render", "c/templates/bad.yaml:2")
    assert "nil pointer" in problem.found


def test_what_is_not_yaml_once_rendered_is_found_in_its_template(tmp_path):
    files = CHART | {"c/templates/bad.yaml": "a: [{{ .Values.size }}\n"}
    (problem,) = project_of(files, tmp_path).problems
    assert (problem.id, problem.object.partition(":")[0]) == ("chart-render", "c/templates/bad.yaml")


def test_defaults_alone_may_fail_where_another_values_file_renders(tmp_path):
    needs = 'a: {{ required "the password, please" .Values.password }}\n'
    files = CHART | {"c/templates/need.yaml": needs}
    assert ids(project_of(files, tmp_path / "bare").problems) == ["chart-render"]
    project = project_of(files | {"c/values-dev.yaml": "password: x\n"}, tmp_path / "dev")
    assert project.problems == []
    assert [b.name for b in project.bundles] == ["c with values-dev.yaml"]


def test_a_placeholder_stands_in_for_what_a_person_supplies(tmp_path):
    files = CHART | {
        "c/templates/need.yaml": (
            'apiVersion: v1\nkind: Secret\nstringData: {p: {{ required "p" .Values.a.b }}}\n'
        ),
        "c/.kit-check.yaml": "placeholders:\n  values.yaml:\n    a.b: stand-in\n",
    }
    project = project_of(files, tmp_path)
    assert project.problems == []
    assert {"p": "stand-in"} in [item.get("stringData") for item in project.bundles[0].objects]


def test_a_missing_dependency_is_reported_and_the_charts_own_part_is_checked(tmp_path):
    dependency = "dependencies:\n- name: redis\n  version: 1.0.0\n  repository: https://charts.example.com\n"
    project = project_of(CHART | {"c/Chart.yaml": CHART["c/Chart.yaml"] + dependency}, tmp_path)
    (problem,) = project.problems
    assert (problem.id, problem.object) == ("chart-render", "c/Chart.yaml:4")
    assert "redis" in problem.found
    assert [item.kind for item in project.bundles[0].objects] == ["ConfigMap"]


def test_the_projects_chart_renders_with_its_subcharts():
    project = load(ROOT, [ROOT / "charts"])
    assert project.problems == []
    files = {item.file.path for bundle in project.bundles for item in bundle.objects}
    assert "charts/todo-app/charts/postgresql/templates/statefulset.yaml" in files
    assert {b.name for b in project.bundles} == {
        "charts/kit-agent with ci/agent-values.yaml",
        "charts/kit-runner with ci/schedules-values.yaml",
        "charts/kit-runner with values.yaml",
        "charts/todo-app with values-dev.yaml",
        "charts/todo-app with values-prod.yaml",
    }


# Ignoring


@pytest.mark.parametrize(
    "text",
    [
        BAD_CONFIG.replace("often", "often  # kit:ignore schema a word on purpose"),
        BAD_CONFIG.replace("immutable", "# kit:ignore schema a word on purpose\nimmutable"),
        BAD_CONFIG.replace(
            "immutable", "# kit:ignore schema a word on purpose\n# kit:ignore other is not here\nimmutable"
        ),
        BAD_CONFIG.replace(
            "  name: a", "  name: a\n  annotations: {kit.dev/ignore.schema: a word on purpose}"
        ),
    ],
)
def test_an_ignore_with_a_reason_sets_the_finding_aside(tmp_path, text):
    report = rules_only({"a.yaml": text}, tmp_path)
    assert [(item.id, reason) for item, reason in report.ignored] == [("schema", "a word on purpose")]
    assert not {"schema", "ignore-reason"} & set(ids(report.findings))


def test_an_ignore_without_a_reason_is_a_finding_and_ignores_nothing(tmp_path):
    text = BAD_CONFIG.replace("often", "often  # kit:ignore schema")
    report = rules_only({"a.yaml": text}, tmp_path)
    assert [(f.id, f.object) for f in report.findings if f.id in ("schema", "ignore-reason")] == [
        ("ignore-reason", "a.yaml:6"),
        ("schema", "a.yaml:6"),
    ]


def test_an_ignore_that_matches_nothing_is_an_info(tmp_path):
    report = rules_only({"a.yaml": "# kit:ignore scheme it was bad\n" + CONFIG}, tmp_path)
    (found,) = [item for item in report.findings if item.id == "ignore-unused"]
    assert (found.severity, found.object, found.fix.summary) == ("info", "a.yaml:1", "did you mean schema?")


def test_an_ignore_is_for_its_own_line_and_rule_only(tmp_path):
    two = BAD_CONFIG + "other: 2\n"
    report = rules_only({"a.yaml": two.replace("often", "often # kit:ignore schema wanted")}, tmp_path)
    assert [f.object for f in report.findings if f.id == "schema"] == ["a.yaml:7"]
    assert len(report.ignored) == 1


def test_a_template_and_a_dockerfile_can_ignore(tmp_path):
    template = (
        CHART["c/templates/config.yaml"] + "{{- /* kit:ignore schema kept for old readers */}}\nkinds: 1\n"
    )
    dockerfile = "# kit:ignore docker-user-root a tool for the build\nFROM scratch\n"
    report = rules_only(CHART | {"c/templates/config.yaml": template, "Dockerfile": dockerfile}, tmp_path)
    assert {item.id for item, _ in report.ignored} == {"schema", "docker-user-root"}


def test_examples_of_the_comment_in_programs_are_not_ignores(tmp_path):
    report = rules_only(
        {"a.py": '"""Write `# kit:ignore ID reason`:\n\n    # kit:ignore nothing\n"""\n'}, tmp_path
    )
    assert report.findings == []


def test_ignoring_from_outside_needs_a_known_id_and_a_reason(tmp_path):
    project_of({"a.yaml": BAD_CONFIG}, tmp_path)
    report = check([tmp_path], ignore={"schema": "not now"})
    assert "schema" not in ids(report.findings)
    assert [(item.id, reason) for item, reason in report.ignored] == [("schema", "not now")]
    with pytest.raises(UsageError, match="scema") as wrong:
        check([tmp_path], ignore={"scema": "not now"})
    assert "schema" in wrong.value.fix
    with pytest.raises(UsageError, match="no reason"):
        check([tmp_path], ignore={"schema": " "})
    check([tmp_path], ignore={"hadolint-DL3008": "versions are the distribution's"})


# Running


def test_reports_are_equal_whenever_they_are_made(tmp_path):
    files = {f"{n}/a.yaml": BAD_CONFIG + "x: 2\n" for n in "cab"} | {"z.yaml": "a: [\n"}
    first = rules_only(files, tmp_path).findings
    assert first == rules_only(files, tmp_path).findings
    errors = [str(item.object) for item in first if item.severity == "error"]
    assert errors == sorted(errors)
    assert [item.severity for item in first] == sorted(
        (i.severity for i in first), key=["error", "warning", "info"].index
    )


def test_a_rule_that_breaks_is_reported_and_the_others_run(tmp_path, monkeypatch):
    def broken(item):
        yield from ()
        raise KeyError("oops")

    broken_rule = Rule("object", "broken", "error", "t", "w", "s", broken)
    monkeypatch.setattr(engine, "all_rules", lambda: {**dict(RULES), "broken": broken_rule})
    report = rules_only({"a.yaml": BAD_CONFIG}, tmp_path)
    assert {"rule-failed", "schema"} <= set(ids(report.findings))


def test_every_rule_is_complete():
    for rule in engine.all_rules().values():
        assert rule.id == rule.id.lower().strip("-")
        assert all((rule.title, rule.why, rule.source)), rule.id
        assert rule.severity in ("error", "warning", "info")


def test_the_helper_refuses_files_that_do_not_load():
    with pytest.raises(AssertionError):
        findings_of("schema", {"a.yaml": "a: [\n"})
    assert findings_of("schema", {"a.yaml": CONFIG}) == []
    assert ids(findings_of("schema", {"a.yaml": BAD_CONFIG})) == ["schema"]


# The command


def kit(*arguments, cwd):
    command = [str(Path(sys.executable).with_name("kit")), "check", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


def test_exit_codes_and_paths_of_the_command(tmp_path):
    project_of(
        {"good/a.yaml": CONFIG, "bad/a.yaml": BAD_CONFIG, "info/a.yaml": CONFIG + "# kit:ignore schema x\n"},
        tmp_path,
    )
    assert kit("good", cwd=tmp_path).returncode == 0
    assert kit("info", cwd=tmp_path).returncode == 0
    bad = kit("--format", "json", cwd=tmp_path)
    assert bad.returncode == 1
    assert [f["object"] for f in json.loads(bad.stdout)["findings"] if f["id"] == "schema"] == [
        "bad/a.yaml:6"
    ]
    assert kit("bad", "--ignore", "schema=for the test", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere"),
        (["--format", "jsn"], "--format json"),
        (["--ignore", "scema=x"], "did you mean schema"),
        (["--ignore", "schema"], "no reason"),
        (["--live", "--context", "no-such-context"], "no-such-context"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_what_is_right(tmp_path, arguments, said):
    (tmp_path / "a.yaml").write_text(CONFIG)
    done = kit(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_rules_are_listed_with_their_sources(tmp_path):
    done = kit("--rules", cwd=tmp_path)
    assert done.returncode == 0
    for id in ("schema", "hadolint", "chart-render", *RULES):
        assert f"\n{id}  (" in f"\n{done.stdout}"
    assert done.stdout.count("    source: ") == done.stdout.count("\n    source: ")


def test_one_defect_is_one_finding(tmp_path):
    number = CONFIG.replace("'1'", "1")  # `schema` sees a number, `config-not-text` what comes of it
    report = rules_only({"a.yaml": number}, tmp_path)
    assert ids(report.findings) == ["config-not-text"]
    assert ids(findings_of("schema", {"a.yaml": number})) == ["schema"]
    dockerfile = 'FROM debian:latest\nUSER 1000:1000\nCMD ["true"]\n'
    (tmp_path / "image").mkdir()
    (tmp_path / "image/Dockerfile").write_text(dockerfile)
    found = ids(check([tmp_path / "image"]).findings)
    assert "docker-base-latest" in found
    assert "hadolint-DL3007" not in found
