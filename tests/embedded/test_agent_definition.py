"""The definition of AgentConfig that kit ships, held against a real API server."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml

from kitlib.errors import Invalid

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def defined(embedded):
    definition = ROOT / "manifests" / "crds" / "agentconfig.yaml"
    applied = embedded.apply(definition)
    assert not applied.warnings
    embedded.wait("CustomResourceDefinition", "agentconfigs.kagent.io", until="Established")
    yield
    embedded.delete("CustomResourceDefinition", "agentconfigs.kagent.io")


@pytest.fixture
def agent(namespace):
    found = yaml.safe_load((ROOT / "todo-app" / "specs" / "agent.yaml").read_text())
    found["metadata"]["namespace"] = namespace.namespace
    return found


def test_the_applications_own_is_taken(defined, namespace, agent):
    (stored,) = namespace.apply(agent)
    assert stored.at("spec.safety.maxActionsPerHour") == 10


def test_what_is_left_out_gets_its_safe_default(defined, namespace, agent):
    del agent["spec"]["safety"]
    (stored,) = namespace.apply(agent)
    assert stored.at("spec.safety") == {
        "requireApproval": ["delete", "scale", "restart"],
        "maxActionsPerHour": 10,
        "dryRunDefault": True,
    }


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("safety", "maxActionPerHour"), 5, "maxActionPerHour"),
        (("safety", "maxActionsPerHour"), -1, "should be greater than or equal to 0"),
        (("safety", "requireApproval"), ["reboot"], 'supported values: "delete"'),
        (("model", "temperature"), "hot", r"temperature: expected numeric"),
        (("scope", "namespaces"), [], "should have at least 1 items"),
    ],
)
def test_a_wrong_one_is_refused_with_its_field(defined, namespace, agent, path, value, message):
    wrong = copy.deepcopy(agent)
    wrong["spec"][path[0]][path[1]] = value
    with pytest.raises(Invalid, match=message):
        namespace.apply(wrong)
