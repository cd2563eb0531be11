"""A plan carried out once: what was done is verified and not done again, what is unknown is looked at."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest

from kitlib.errors import ApiError, Conflict, Invalid, NotApproved
from kitlib.policy import RESTARTED, Actor, Approvals, Audit, Following, Gate, Mutation, preimages
from kitlib.policy.action import changes, version_of

RUNBOOK = Actor("runbook", "run tests")


class Server:
    """Holds ConfigMaps as an API server does: each change has a new version, each object its uid."""

    server = "https://s"

    def __init__(self, **objects):
        self.objects = {}
        self.sent = []
        for name, data in objects.items():
            self.put(name, data)

    def put(self, name, data):
        old = self.objects.get(name)
        version = int(old["metadata"]["resourceVersion"]) + 1 if old else 1
        meta = {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": str(version)}
        self.objects[name] = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta, "data": data}
        return self.objects[name]

    def find(self, kind, name, *, namespace=None):
        return self.objects.get(name)

    def setting(self, name, key, value):
        body = {"data": {key: value}}

        def send(dry_run):
            old = self.objects.get(name)
            if old is None:
                raise Invalid(f"{name} is not there")
            data = {**old["data"], key: value}
            if dry_run:
                return {**old, "data": data}
            self.sent.append((name, key, value))
            return self.put(name, data)

        fetch = lambda: self.objects.get(name)  # noqa: E731
        return Mutation("patch", "v1", "ConfigMap", "shop", name, fetch, send, body)

    def deleting(self, name):
        def send(dry_run):
            found = self.objects[name] if dry_run else self.objects.pop(name)
            self.sent += [] if dry_run else [("delete", name)]
            return found

        return Mutation("delete", "v1", "ConfigMap", "shop", name, lambda: self.objects.get(name), send)


@pytest.fixture
def server():
    return Server(one={"level": "1"}, two={"level": "1"}, three={"level": "1"})


@pytest.fixture
def gate(tmp_path):
    def make(**more):
        return Gate(RUNBOOK, Approvals(tmp_path / "approvals"), Audit(tmp_path / "audit.jsonl"), **more)

    return make


def wanted(server):
    return [
        server.setting("one", "level", "2"),
        server.setting("two", "level", "2"),
        server.deleting("three"),
    ]


@pytest.fixture
def plan(server, gate):
    planning = gate(planning=True)
    planning.carry_out(wanted(server), server)
    return planning.finish_plan("tests")


def first_only(server, gate, plan):
    """The run that died: it made the first change. Returns the changes it told of."""
    told = []
    died = gate(following=Following(plan), tell=told.append)
    died.carry_out(wanted(server)[:1], server)
    return {change.planned: change.id for change in told if change.state == "done"}


def test_nothing_is_sent_while_planning(server, plan):
    assert server.sent == []
    assert [action.text for action in plan.actions] == [
        "patch ConfigMap/one -n shop", "patch ConfigMap/two -n shop", "delete ConfigMap/three -n shop"
    ]  # fmt: skip


def test_each_action_is_made_once_in_any_order(server, gate, plan):
    following = gate(following=Following(plan))
    for mutation in reversed(wanted(server)):
        following.carry_out([mutation], server)
    assert sorted(server.sent) == [("delete", "three"), ("one", "level", "2"), ("two", "level", "2")]
    with pytest.raises(NotApproved, match="not in the approved plan"):
        following.carry_out([server.setting("one", "level", "2")], server)


def test_what_the_server_refused_may_be_tried_again_and_is_then_done_once(server, gate, plan):
    following = gate(following=Following(plan))
    first = server.setting("one", "level", "2")
    refusals = [ApiError("too many requests", status=429)]

    def send(dry_run):
        if refusals and not dry_run:  # as when a budget was used up since the dry run
            raise refusals.pop()
        return first.send(dry_run)

    with pytest.raises(ApiError):
        following.carry_out([replace(first, send=send)], server)
    following.carry_out([replace(first, send=send)], server)
    with pytest.raises(NotApproved):
        following.carry_out([replace(first, send=send)], server)
    assert server.sent == [("one", "level", "2")]


def test_an_object_that_is_made_is_known_by_what_is_asked(server, gate):
    def making(data):
        def send(dry_run):  # the server gives each attempt an address of its own
            made = server.put("new", {**data, "address": secrets.token_hex(4)})
            if dry_run:
                server.objects.pop("new")
            return made

        return Mutation(
            "apply", "v1", "ConfigMap", "shop", "new", lambda: server.objects.get("new"), send, data
        )

    planning = gate(planning=True)
    planning.carry_out([making({"a": "1"})], server)
    plan = planning.finish_plan("tests")
    with pytest.raises(NotApproved):
        gate(following=Following(plan)).carry_out([making({"a": "2"})], server)
    gate(following=Following(plan)).carry_out([making({"a": "1"})], server)
    assert server.objects["new"]["data"]["a"] == "1"


def test_what_was_done_is_not_done_again(server, gate, plan):
    done = first_only(server, gate, plan)
    resumed = gate(following=Following(plan, done))
    resumed.carry_out(wanted(server), server)
    assert server.sent == [("one", "level", "2"), ("two", "level", "2"), ("delete", "three")]


def test_what_was_done_and_no_longer_holds_is_named(server, gate, plan):
    done = first_only(server, gate, plan)
    server.put("one", {"level": "9"})
    with pytest.raises(Conflict, match=r"no longer holds: data\.level"):
        gate(following=Following(plan, done)).carry_out(wanted(server), server)
    assert len(server.sent) == 1


def test_what_others_added_beside_it_is_theirs(server, gate, plan):
    done = first_only(server, gate, plan)
    server.put("one", {"level": "2", "colour": "red"})
    gate(following=Following(plan, done)).carry_out(wanted(server), server)
    assert len(server.sent) == 3


def test_what_was_begun_and_not_made_is_made(server, gate, plan):
    resumed = gate(following=Following(plan, {}, {0: "unknown"}))
    resumed.carry_out(wanted(server), server)
    assert server.sent[0] == ("one", "level", "2")


def test_what_was_begun_and_made_is_not_made_again(server, gate, plan):
    server.put("one", {"level": "2"})
    server.objects.pop("three")
    resumed = gate(following=Following(plan, {}, {0: "unknown", 2: "unknown"}))
    resumed.carry_out(wanted(server), server)
    assert server.sent == [("two", "level", "2")]


def test_what_was_begun_and_is_neither_old_nor_new_is_refused(server, gate, plan):
    server.put("one", {"level": "7"})
    with pytest.raises(Conflict, match="neither as it was nor as planned"):
        gate(following=Following(plan, {}, {0: "unknown"})).carry_out(wanted(server), server)
    assert server.sent == []


def restarting(server, at):
    """The restart of a Deployment, at a moment."""

    def send(dry_run):
        old = server.objects["web"]
        new = {**old, "spec": {"template": {"metadata": {"annotations": {RESTARTED: at}}}}}
        if not dry_run:
            server.sent.append(("restart", at))
            server.objects["web"] = {**new, "metadata": {**old["metadata"], "generation": 2}}
        return new

    return Mutation(
        "restart", "apps/v1", "Deployment", "shop", "web", lambda: server.objects.get("web"), send
    )


@pytest.mark.parametrize("made", [True, False])
def test_a_restart_that_was_begun_is_told_from_somebody_elses_change(server, gate, made):
    meta = {"name": "web", "namespace": "shop", "uid": "uid-web", "generation": 1}
    server.objects["web"] = {"kind": "Deployment", "metadata": meta, "spec": {"template": {}}}
    planning = gate(planning=True)
    planning.carry_out([restarting(server, "10:00")], server)
    plan = planning.finish_plan("tests")
    kept = preimages.keep(restarting(server, "10:01"), server.objects["web"], RUNBOOK)
    if made:
        restarting(server, "10:01").send(False)
    else:  # somebody scaled it meanwhile
        server.objects["web"] = {**server.objects["web"], "metadata": {**meta, "generation": 2}}
    resumed = gate(following=Following(plan, {}, {0: kept.id}))
    if made:
        resumed.carry_out([restarting(server, "10:05")], server)
        assert server.sent == [("restart", "10:01")]
    else:
        with pytest.raises(Conflict, match="neither as it was nor as planned"):
            resumed.carry_out([restarting(server, "10:05")], server)
        assert server.sent == []


def test_what_is_left_must_be_as_the_plan_saw_it(server, gate, plan):
    done = first_only(server, gate, plan)
    server.put("two", {"level": "5"})
    with pytest.raises(NotApproved, match="ConfigMap/two is at version 2, planned was 1"):
        gate(following=Following(plan, done)).carry_out(wanted(server), server)


def test_a_second_change_of_an_object_is_known_by_what_it_asks(server, gate):
    both = [server.setting("one", "level", "2"), server.setting("one", "colour", "red")]
    planning = gate(planning=True)
    planning.carry_out(both, server)
    plan = planning.finish_plan("tests")
    following = gate(following=Following(plan))
    for mutation in both:
        following.carry_out([mutation], server)
    assert server.objects["one"]["data"] == {"level": "2", "colour": "red"}
    with pytest.raises(NotApproved):
        gate(following=Following(plan)).carry_out([server.setting("one", "colour", "blue")], server)


def test_the_fakes_behave_as_the_gate_needs(server):
    before = server.find("ConfigMap", "one")
    after = server.setting("one", "level", "2").send(True)
    assert [change.dotted for change in changes(before, after)] == ["data.level"]
    assert version_of(before) == ("uid-one", "1")
