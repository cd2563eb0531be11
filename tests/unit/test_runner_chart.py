"""The chart kit-runner, by the real Helm: it makes what kit itself makes for a schedule, and no more."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from runner_help import NAMESPACED, SERVER, order, prepared

from kitlib import checks, tools
from kitlib.errors import CommandFailed
from kitlib.runbooks.remote import chart, cron, permissions, storage
from kitlib.runbooks.remote.pod import Store
from kitlib.settings import Unattended

CHART = Path(__file__).parents[2] / "charts/kit-runner"
IMAGE = {"image": {"tag": "abc"}}
TIMING = cron.Timing("0 3 * * 1", "Europe/Berlin")
RULE = Unattended(runbook="capacity-report", namespaces=("shop",), contexts=("kind-*",))
ORDER = order(account="kit-cron-capacity", user="schedule capacity", unattended=(RULE,))
TARGET = "a123456789"
ENTRY = {"name": "x", "runbook": "x", "cron": "@daily", "namespace": "shop", "roles": []}


def render(values):
    command = [tools.find("helm"), "template", "kit-runner", CHART, "--namespace", "kit-runs", "-f", "-"]
    found = [item for item in yaml.safe_load_all(tools.run(command, input=json.dumps(values)).stdout) if item]
    return {(item["kind"], item["metadata"]["name"]): item for item in found}


def granted():
    return permissions.divide(prepared().runbook.declared.permissions, ("shop",), NAMESPACED)


def without_labels(value):
    """Plain data without labels, which a chart's objects have more of, and the namespace that Helm adds."""
    if isinstance(value, dict):
        return {key: without_labels(item) for key, item in value.items() if key != "labels"}
    return [without_labels(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def rendered():
    return render(chart.values_of(ORDER, TIMING, "capacity", TARGET, granted()) | IMAGE)


STORE = Store("s3://records/kit", "https://store.example", "kit-runs-s3")


@pytest.mark.parametrize("order", [ORDER, replace(ORDER, store=STORE)], ids=["volume", "store"])
def test_its_cron_job_is_the_one_that_kit_makes(order):
    values = chart.values_of(order, TIMING, "capacity", TARGET, granted())
    rendered = render(values | IMAGE)
    made = cron.cron_job(order, TIMING, "capacity", {}, granted())
    made["metadata"]["namespace"] = "kit-runs"
    found = without_labels(rendered["CronJob", "kit-cron-capacity"])
    for item in (found, made):  # the same JSON, in whatever spacing
        notes = item["metadata"]["annotations"]
        item["metadata"]["annotations"] = {key: json.loads(text) for key, text in notes.items()}
        for variable in item["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["env"]:
            if variable["name"] == "KIT_UNATTENDED":
                variable["value"] = json.loads(variable["value"])
    assert found == without_labels(made)
    assert (("PersistentVolumeClaim", "kit-runs") in rendered) == (order.store is None)


def test_it_grants_what_kit_grants_and_makes_nothing_else(rendered):
    for item in granted().objects("kit-cron-capacity", "kit-runs", {}):
        assert without_labels(rendered[item["kind"], "kit-cron-capacity"]) == without_labels(item)
    claim = without_labels(rendered["PersistentVolumeClaim", "kit-runs"])
    assert claim["spec"] == storage.claim()["spec"]
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert len(rendered) == 2 + len(granted().objects("x", "y", {}))


def test_kit_finds_what_the_chart_made_by_its_labels(rendered):
    found = rendered["CronJob", "kit-cron-capacity"]
    job = found["spec"]["jobTemplate"]
    for labels in (found["metadata"]["labels"], job["metadata"]["labels"]):
        assert labels["kit.dev/schedule"] == "capacity"
        assert labels["kit.dev/runbook"] == "capacity-report"
        assert labels["kit.dev/target"] == TARGET
    environment = job["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "KIT_SERVER_NAME", "value": SERVER} in environment


def test_without_schedules_there_is_a_volume_only_and_no_image_is_asked_for():
    assert set(render({})) == {("PersistentVolumeClaim", "kit-runs")}
    assert render({"storage": {"create": False}}) == {}


def test_a_schedule_without_roles_may_do_nothing():
    assert {kind for kind, _ in render({"schedules": [ENTRY]} | IMAGE)} == {
        "PersistentVolumeClaim", "ServiceAccount", "CronJob"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"image": {"tag": ""}}, "kit runbook image prints"),
        ({"image": {"tag": "latest"}}, "says nothing about what runs"),
        ({"schedules": [{**ENTRY, "namespace": 1}]}, "/namespace"),
        ({"schedules": [{**ENTRY, "name": "Big"}]}, "/name"),
        ({"schedules": [{**ENTRY, "cron": "0 3"}]}, "/cron"),
        ({"schedules": [{**ENTRY, "permissions": []}]}, "permissions"),
        ({"schedule": []}, "schedule"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_values_is_refused_by_name(change, named):
    values = chart.values_of(ORDER, TIMING, "capacity", TARGET, granted()) | IMAGE | change
    with pytest.raises(CommandFailed) as caught:
        render(values)
    assert named in str(caught.value)


def test_it_passes_kits_own_rules_and_helms():
    assert [(item.id, str(item.object)) for item in checks.check([CHART]).findings] == []
    lint = [tools.find("helm"), "lint", CHART, "-f", CHART / "ci/schedules-values.yaml"]
    tools.run([*lint, "--set", "image.tag=abc", "--strict"])
