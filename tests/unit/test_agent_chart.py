"""The chart kit-agent, by the real Helm: what kit grants and no more, in a pod that may do nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from kitlib import checks, tools
from kitlib.agent import annotating, permissions
from kitlib.agent.chart import chart_values, values_of
from kitlib.agent.permissions import access_of, resource
from kitlib.cli import agent
from kitlib.errors import CommandFailed, SettingsError, UsageError
from kitlib.specs.models.agent import AgentConfig

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts/kit-agent"
CONFIG = ROOT / "todo-app/specs/agent.yaml"
RULES = ROOT / "todo-app/specs/ai-operations.md"
IMAGE = {"image": {"tag": "abc"}}
HOME = "kagent-system"


def render(values, namespace=HOME):
    command = [tools.find("helm"), "template", "agent", CHART, "--namespace", namespace, "-f", "-"]
    found = [item for item in yaml.safe_load_all(tools.run(command, input=json.dumps(values)).stdout) if item]
    return {
        (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]): item
        for item in found
    }


def config(**changes):
    found = yaml.safe_load(CONFIG.read_text())
    found["spec"]["scope"] |= changes
    return AgentConfig.model_validate(found)


def plain(item):
    """Without labels, which a chart's objects have more of, and the namespace that Helm adds."""
    metadata = {key: value for key, value in item["metadata"].items() if key != "labels"}
    return {**item, "metadata": metadata}


@pytest.fixture(scope="module")
def rendered():
    return render(yaml.safe_load(chart_values(CONFIG, RULES)) | IMAGE)


@pytest.mark.parametrize("scope", [{}, {"resources": ["pods", "nodes"]}, {"namespaces": [HOME, "todo-app"]}])
def test_it_grants_what_kit_grants_and_nothing_else(scope):
    wanted = config(**scope)
    access = access_of(wanted)
    rendered = render(values_of(wanted, access, "") | IMAGE)
    made = {
        (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]): plain(item)
        for item in access.objects({})
    }
    rights = ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
    assert {key: plain(item) for key, item in rendered.items() if key[0] in rights} == made
    wide = {name for rule in access.wide_rules for name in rule["resources"]}
    assert ("nodes" in wide) == ("nodes" in wanted.spec.scope.resources)
    named = [rule.get("resourceNames") for rule in access.wide_rules if "nodes" not in rule["resources"]]
    assert all(names == ["kagent-approvals"] for names in named if names)


def test_what_it_makes(rendered):
    kinds = sorted(kind for kind, _, _ in rendered)
    assert kinds == sorted(
        ["AgentConfig", "ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service"]
        + ["ServiceAccount"] + ["Role", "RoleBinding"] * 2 + ["ClusterRole", "ClusterRoleBinding"]
        + ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"]
    )  # fmt: skip
    found = rendered["AgentConfig", HOME, "todo-app-agent"]
    assert AgentConfig.model_validate(plain(found)).spec == config().spec
    assert rendered["ConfigMap", HOME, "todo-app-agent-operations"]["data"]["ai-operations.md"].strip() == (
        RULES.read_text().strip()
    )


def test_its_pod_is_restricted_and_keeps_nothing_on_a_volume(rendered):
    deployment = rendered["Deployment", HOME, "todo-app-agent"]
    assert deployment["spec"]["replicas"] == 2
    pod = deployment["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all("persistentVolumeClaim" not in volume for volume in pod["volumes"])
    assert container["command"][:4] == ["python", "-m", "kitlib.agent.pod", "todo-app-agent"]
    assert "--operations=/etc/kit-agent/ai-operations.md" in container["command"]
    assert "envFrom" not in container


def test_secrets_come_from_the_kubelet_and_never_from_the_api(rendered):
    values = yaml.safe_load(chart_values(CONFIG)) | IMAGE | {"existingSecret": "slack"}
    pod = render(values)["Deployment", HOME, "todo-app-agent"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["envFrom"] == [{"secretRef": {"name": "slack"}}]
    for kind, _, _ in rendered:
        assert kind != "Secret"
    assert '"secrets"' not in json.dumps([item for key, item in rendered.items() if "Role" in key[0]])


def test_the_definition_that_comes_with_it_is_the_one_that_kit_ships():
    shipped = ROOT / "manifests/crds/agentconfig.yaml"
    assert (CHART / "crds/agentconfig.yaml").read_bytes() == shipped.read_bytes()
    assert (CHART / "files/approval-policy.yaml").read_bytes() == annotating.POLICY_FILE.read_bytes()
    guards = list(yaml.safe_load_all(annotating.POLICY_FILE.read_text()))
    assert {item["metadata"]["name"] for item in guards} == {permissions.APPROVALS}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"image": {"tag": ""}}, "kit runbook image prints"),
        ({"image": {"tag": "latest"}}, "says nothing about what runs"),
        ({"config": {"name": "", "namespace": HOME, "spec": {}}}, "kit agent chart CONFIG"),
        ({"config": {"name": "x", "namespace": "elsewhere", "spec": {}}}, "the release's namespace"),
        ({"replicas": 0}, "/replicas"),
        ({"settings": {"PATH": "/tmp"}}, "'PATH' does not match"),
        ({"role": []}, "role"),
        ({"clusterRules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}, "/clusterRules"),
        (
            {"roles": [{"namespace": "x", "rules": [
                {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]}]},
            "/resources",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_the_values_is_refused_by_name(change, named):
    with pytest.raises(CommandFailed) as caught:
        render(yaml.safe_load(chart_values(CONFIG)) | IMAGE | change)
    assert named in str(caught.value)


def test_it_passes_kits_own_rules_and_helms():
    assert [(item.id, str(item.object)) for item in checks.check([CHART]).findings] == []
    lint = [tools.find("helm"), "lint", CHART, "-f", CHART / "ci/agent-values.yaml", "--namespace", "default"]
    tools.run([*lint, "--set", "image.tag=abc", "--strict"])


def test_the_example_values_are_what_kit_prints():
    found = yaml.safe_load((CHART / "ci/agent-values.yaml").read_text())
    printed = chart_values(CONFIG).replace(HOME, "default")
    assert found == yaml.safe_load(printed)


def test_the_command_prints_the_values_and_refuses_what_is_no_config(tmp_path):
    result = CliRunner().invoke(agent.app, ["chart", str(CONFIG), "--operations", str(RULES)])
    assert result.exit_code == 0
    assert result.stdout == chart_values(CONFIG, RULES)
    wrong = tmp_path / "agent.yaml"
    wrong.write_text(CONFIG.read_text().replace("maxActionsPerHour", "maxActionPerHour"))
    with pytest.raises(SettingsError, match="maxActionPerHour"):
        chart_values(wrong)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("hpa", ("autoscaling", "horizontalpodautoscalers")),
        ("deployments", ("apps", "deployments")),
        ("Pod", ("", "pods")),
        ("endpoints", ("", "endpoints")),
        ("nodes", ("", "nodes")),
    ],
)
def test_a_scope_says_resources_as_kubectl_takes_them(name, found):
    assert resource(name) == found


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("deploymnts", "did you mean deployments"),
        ("secrets", "no agent reads"),
        ("clusterroles", "lives in no namespace"),
        ("xyzzy", "kubectl api-resources"),
    ],
)
def test_a_scope_with_what_no_agent_gets_is_refused(name, said):
    with pytest.raises(UsageError) as caught:
        access_of(config(resources=["pods", name]))
    assert said in str(caught.value)


def test_an_act_is_granted_where_it_is_possible_and_the_scope_has_its_object():
    def verbs(access, name):
        return {verb for item in access.inside if item.resource == name for verb in item.verbs}

    reader = config(resources=["pods"])
    assert verbs(access_of(reader), "pods") == {"get", "list", "watch"}
    assert verbs(access_of(reader, ["restart-pod"]), "pods/eviction") == {"create"}
    assert verbs(access_of(reader, ["restart"]), "deployments") == set()
    assert "patch" in verbs(access_of(config(resources=["deployments"])), "deployments")
    assert verbs(access_of(config(resources=["services"]), ["restart"]), "services") == {
        "get", "list", "watch"
    }  # fmt: skip
    everything = access_of(config(), ["restart-pod", "restart", "scale", "adjust-autoscaler", "rollback"])
    allowed = {verb for item in (*everything.inside, *everything.wide) for verb in item.verbs}
    assert allowed == {"get", "list", "watch", "patch", "create"}
