"""The agent's conditions: CEL over checked facts, percent signs, triggers, and windows without gaps."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specs_help import SPECS, read_text, seed

from kitlib.agent import facts, operations
from kitlib.agent.conditions import compile_condition, without_percent
from kitlib.agent.facts import FACTS, Usage
from kitlib.agent.objects import Pod
from kitlib.agent.triggers import EXAMPLES, UnknownCondition, parse
from kitlib.agent.windows import Windows
from kitlib.errors import SettingsError

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def pod(**status):
    container = {"name": "c", "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}}}
    labels = {"app": "api", "pod-template-hash": "abc12"}
    owner = {"kind": "ReplicaSet", "name": "api-abc12", "uid": "r", "controller": True}
    item = {
        "metadata": {
            "name": "api-abc12-x", "namespace": "shop", "uid": "u", "labels": labels,
            "ownerReferences": [owner], "creationTimestamp": "2026-11-26T11:00:00Z", "managedFields": [{}],
        },
        "spec": {"containers": [container]},
        "status": {"phase": "Running", **status},
    }  # fmt: skip
    return msgspec.convert(item, Pod)


def container(**more):
    return {"containerStatuses": [{"name": "c", "restartCount": 0, **more}]}


@pytest.mark.parametrize(
    ("written", "computed"),
    [
        ("pod.cpuUsage > 90%", "pod.cpuUsage > 0.9"),
        ("90% < pod.cpuUsage", "0.9 < pod.cpuUsage"),
        ("(pod.cpuUsage>=85.5%)&&pod.ready", "(pod.cpuUsage>=0.855)&&pod.ready"),
        ("pod.cpuUsage > 100%", "pod.cpuUsage > 1.0"),
        ("pod.restartCount % 2 == 0", "pod.restartCount % 2 == 0"),
        ("9 % 2 == pod.restartCount", "9 % 2 == pod.restartCount"),
        ("9% 2 == 1", "9% 2 == 1"),
        ("pod.name == '90% full'", "pod.name == '90% full'"),
        ('pod.name == "a\\"90%"', 'pod.name == "a\\"90%"'),
    ],
)
def test_a_percent_sign_is_a_share_where_no_operand_follows(written, computed):
    assert without_percent(written) == computed


@pytest.mark.parametrize(
    ("text", "known", "holds"),
    [
        ("pod.restartCount > 3", {"restartCount": 4}, True),
        ("pod.restartCount > 3.5", {"restartCount": 4}, True),
        ("pod.cpuUsage > 1", {"cpuUsage": 1.5}, True),
        ("pod.cpuUsage > 90%", {"cpuUsage": 0.9}, False),
        ("pod.lastTerminationReason == 'OOMKilled'", {"lastTerminationReason": "OOMKilled"}, True),
        ("pod.lastTerminationReason == 'OOMKilled'", {}, False),
        ("pod.lastTerminationReason != 'OOMKilled'", {}, False),
        ("!(pod.cpuUsage > 90%)", {}, False),
        ("pod.cpuUsage > 90% || pod.restartCount > 3", {"restartCount": 4}, True),
        ("pod.labels['tier'] == 'web'", {"labels": {"tier": "web"}}, True),
        ("pod.labels['tier'] == 'web'", {"labels": {}}, False),
    ],
)
def test_a_condition_holds_when_its_facts_say_so_and_never_by_their_absence(text, known, holds):
    assert compile_condition(text).holds({"pod": known}) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pod.restartCont > 3", r"no fact 'restartCont'.*\n.*write pod\.restartCount"),
        ("pods.restartCount > 3", r"no 'pods' to ask about.*\n.*write pod"),
        ("pod.phase > 3", r"can't be computed.*\n.*pod\.phase is string"),
        ("pod.restartCount > 3 && pod.phase > 3", "can't be computed"),
        ("pod.restartCount", "a value, not true or false"),
        ("pod.restartCount >", "at character"),
        ("pod == 3", "pod alone is no fact"),
        ("1 > 0", "speaks of nothing that is watched"),
    ],
)
def test_what_can_not_be_judged_is_refused_when_it_is_loaded(text, message):
    with pytest.raises(SettingsError, match=message):
        compile_condition(text, "monitoring rule r")


@settings(deadline=None)
@given(st.text(alphabet="pod.restCun()&|<>=!'\"%0 1ab[]", max_size=40))
def test_no_text_breaks_the_compiler(text):
    with suppress(SettingsError):
        assert compile_condition(text).roots


def test_the_seeds_own_conditions_compile():
    rules = seed("kagent-config.yaml").spec.spec.monitoring
    assert [compile_condition(rule.condition).subject for rule in rules] == ["pod", "pod", "pod"]
    assert set(FACTS) == {"pod", "deployment", "hpa", "node"}


def test_the_facts_of_a_pod_have_their_types_and_shares_of_limits():
    ended = {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "2026-11-26T11:59:00Z"}
    found = facts.of_pod(
        pod(**container(restartCount=4, lastState={"terminated": ended})),
        Usage(NOW, {"c": (0.45, 192 * 1024**2)}),
        NOW,
    )
    assert found["restartCount"] == 4
    assert found["lastTerminationReason"] == "OOMKilled"
    assert (found["cpuUsage"], found["memoryUsage"], found["age"]) == (0.9, 0.75, 3600.0)
    types = {"int": int, "double": float, "string": str, "bool": bool, "map": dict}
    for name, value in found.items():
        assert type(value) is types[FACTS["pod"][name].type], name
    assert "cpuUsage" not in facts.of_pod(pod(), None, NOW)
    assert pod().workload() == ("Deployment", "api")


@pytest.mark.parametrize(
    ("state", "last", "restarts", "looping"),
    [
        ({"waiting": {"reason": "CrashLoopBackOff"}}, None, 5, True),
        ({"waiting": {"reason": "ImagePullBackOff"}}, None, 0, False),
        ({"terminated": {"exitCode": 1}}, ("11:58:00", "11:58:10", 1), 5, True),
        ({"running": {"startedAt": "2026-11-26T11:59:50Z"}}, ("11:58:00", "11:58:10", 1), 5, True),
        ({"running": {"startedAt": "2026-11-26T11:59:00Z"}}, ("11:58:00", "11:58:10", 1), 5, False),
        ({"running": {"startedAt": "2026-11-26T11:59:50Z"}}, ("11:58:00", "11:58:10", 0), 5, False),
        ({"running": {"startedAt": "2026-11-26T11:59:50Z"}}, None, 0, False),
    ],
)
def test_a_crash_loop_outlives_the_seconds_in_which_the_container_runs(state, last, restarts, looping):
    ended = {}
    if last:
        first, end, code = last
        at = "2026-11-26T"
        ended = {"terminated": {"startedAt": f"{at}{first}Z", "finishedAt": f"{at}{end}Z", "exitCode": code}}
    item = pod(**container(restartCount=restarts, state=state, lastState=ended))
    assert facts.crash_looping(item, NOW) is looping


def test_the_examples_of_the_table_are_understood_with_their_source_and_window():
    found = {text: parse(text) for text in EXAMPLES}
    assert found["CrashLoopBackOff > 5min"].window == timedelta(minutes=5)
    assert (found["CPU > 90% for 5min"].above, found["CPU > 90% for 5min"].source) == (0.9, "metrics")
    assert found["Memory > 85%"].window == timedelta()
    assert found["Error rate > 5%"].source == "prometheus"
    with pytest.raises(UnknownCondition) as caught:
        parse("Memmory > 85%")
    assert caught.value.nearest == "Memory > 85%"


def at(minutes):
    return NOW + timedelta(minutes=minutes)


def test_a_window_needs_samples_all_over_it():
    windows, key = Windows(), ("cpu", "uid")
    for minute in range(6):
        windows.sample(key, at(minute), True)
    assert windows.held(key, at(5)) == timedelta(minutes=5)
    assert windows.held(("cpu", "another"), at(5)) is None
    assert windows.held(key, at(7)) is None  # no sample for two minutes


def test_a_gap_a_healthy_sample_and_a_stuck_measurement_each_break_it():
    for times in (
        [(0, True), (1, True), (4, True), (5, True)],
        [(0, True), (1, False), (2, True), (3, True)],
    ):
        windows = Windows()
        for minute, holds in times:
            windows.sample(("k",), at(minute), holds)
        assert windows.held(("k",), at(times[-1][0])) == timedelta(minutes=1)
    stuck = Windows()
    for _ in range(6):
        stuck.sample(("k",), at(0), True)
    assert stuck.held(("k",), at(5)) is None


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 200), st.booleans()), min_size=1, max_size=40))
def test_a_window_never_holds_longer_than_its_last_true_samples(steps):
    windows, now, since, last = Windows(), NOW, None, None
    for seconds, holds in steps:
        now += timedelta(seconds=seconds)
        windows.sample(("k",), now, holds)
        if not holds:
            since = None
        elif since is None or now - last > windows.gap:
            since = now
        last = now if holds else last
    assert windows.held(("k",), now) == (None if since is None else last - since)


def test_the_applications_operations_are_rules():
    policy = operations.load(SPECS / "ai-operations.md")
    acts = {row.act: row for row in policy.permissions}
    assert set(acts) == {
        "restart-pod", "adjust-autoscaler", "collect-logs", "increase-resources", "rollback", "drain",
    }  # fmt: skip
    assert acts["collect-logs"].automatic
    assert not acts["restart-pod"].automatic
    assert policy.escalate_after == timedelta(minutes=15)
    assert len(policy.prohibited) == 5


def changed(*pairs):
    text = (SPECS / "ai-operations.md").read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return operations.from_spec(read_text(text, "ai-operations.md"))


@pytest.mark.parametrize(
    ("pair", "fix"),
    [
        (("| Pod restart |", "| Pod restrat |"), "write Pod restart"),
        (("CPU > 90% for 5min", "CPU > 90 for 5min"), "write CPU > 90% for 5min"),
        (("- RBAC changes", "- RBAC chnages of any kind"), "write RBAC changes"),
        (("for 24 hours", "for 48 hours"), "write 24 hours"),
    ],
)
def test_a_line_that_means_nothing_is_an_error_with_its_place(pair, fix):
    _, findings = changed(pair)
    (finding,) = findings
    assert finding.object.startswith("ai-operations.md:")
    assert finding.fix.summary == fix


def test_a_prohibited_act_is_never_done():
    policy, findings = changed(("- RBAC changes", "- RBAC changes\n- Node drain"))
    assert (list(findings), policy.never) == ([], {"drain"})
