"""Each rule on plain evidence: the fault it is for, and a control that must give nothing."""

from __future__ import annotations

import base64
import copy
import json

import pytest

from kitlib.cluster import Resource
from kitlib.diagnosis import Evidence, judge
from kitlib.diagnosis.evidence import Log
from kitlib.findings import Ref

PASSWORD = "pw-98213bcf7a"
HOST, WRONG = "todo-app-postgresql", "todo-app-postgres"
NAMESPACE = "todo-app"


def url(host=HOST, port=5432):
    return f"postgresql+psycopg://todoapp:{PASSWORD}@{host}:{port}/todoapp"


def meta(name, uid=None, **more):
    return {"name": name, "namespace": NAMESPACE, "uid": uid or name, "generation": 1, **more}


def template(**container):
    env = [
        {
            "name": "DATABASE_URL",
            "valueFrom": {"secretKeyRef": {"name": "todo-app-api", "key": "DATABASE_URL"}},
        }
    ]
    base = {"image": "api:1", "env": env, "envFrom": [{"configMapRef": {"name": "todo-app-api"}}]}
    probe = {"readinessProbe": {"httpGet": {"path": "/health/ready", "port": "http"}, "failureThreshold": 3}}
    migrate, api = {"name": "migrate", **base}, {"name": "api", **base, **probe, **container}
    return {
        "metadata": {"labels": {"app": "api"}},
        "spec": {"initContainers": [migrate], "containers": [api]},
    }


def workload(ready, pod_template):
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1}
    status |= {"availableReplicas": int(ready), "readyReplicas": int(ready)}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "api"}}, "template": pod_template}
    return Resource(kind="Deployment", metadata=meta("todo-app-api"), spec=spec, status=status)


def pod(api, migrate, ready, pod_template, conditions=()):
    done = {"name": "migrate", "restartCount": 0, "state": {"terminated": {"exitCode": 0}}} | (migrate or {})
    serving = {"name": "api", "restartCount": 0, "ready": ready, "state": {"running": {}}} | (api or {})
    status = {"phase": "Running", "initContainerStatuses": [done], "containerStatuses": [serving]}
    status["conditions"] = [{"type": "Ready", "status": str(ready)}, *conditions]
    return Resource(kind="Pod", metadata=meta("api-1"), spec=pod_template["spec"], status=status)


def configuration(database=None, env=None):
    data = {"DATABASE_URL": base64.b64encode((database or url()).encode()).decode()}
    secret = Resource(kind="Secret", metadata=meta("todo-app-api"), data=data)
    config = Resource(kind="ConfigMap", metadata=meta("todo-app-api"), data=env or {"LOG_LEVEL": "INFO"})
    return {("Secret", "todo-app-api"): secret, ("ConfigMap", "todo-app-api"): config}


def service(name, port):
    return Resource(kind="Service", metadata=meta(name), spec={"ports": [{"port": port}]})


def evidence(api=None, migrate=None, ready=False, *, pod_template=None, log="", conditions=(), **more):
    made = pod_template or template()
    services = [service(HOST, 5432), service("todo-app-redis", 6379), service("todo-app-api", 80)]
    return Evidence(
        workload(ready, made),
        pods=[pod(api, migrate, ready, made, conditions)],
        services=services,
        objects=more.pop("objects", None) or configuration(),
        logs=[Log("api-1", "migrate" if migrate else "api", log, previous=True)] if log else [],
        **more,
    )


def crashing(code=1, **terminated):
    ended = {"terminated": {"exitCode": code, "reason": "Error", **terminated}}
    return {
        "restartCount": 3,
        "ready": False,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": ended,
    }


def waiting(reason, message=""):
    return {"ready": False, "state": {"waiting": {"reason": reason, "message": message}}}


def unresolved(host):
    return json.dumps(
        {"level": "critical", "message": f"database unreachable at {host}: Name or service not known"}
    )


def event(reason, message, count=1, name="api-1"):
    return Resource(
        kind="Event", metadata=meta("e"), reason=reason, message=message, count=count,
        involvedObject={"uid": name, "name": name, "fieldPath": "spec.containers{api}"},
    )  # fmt: skip


def only(found):
    assert len(found.findings) == 1, [item.id for item in found.findings]
    return found.findings[0]


def test_a_healthy_deployment_gives_nothing():
    report = judge(evidence(ready=True))
    assert report.done
    assert report.findings == []


def test_a_rollout_in_progress_gives_nothing():
    starting = evidence(api=waiting("ContainerCreating"))
    report = judge(starting)
    assert not report.done
    assert report.findings == []


def wrong_host(**more):
    given = {"migrate": crashing(), "api": waiting("PodInitializing"), "log": unresolved(WRONG)}
    return evidence(**{**given, "objects": configuration(url(WRONG)), **more})


def test_a_wrong_host_in_a_secret_is_named_once_with_the_service_that_was_meant():
    finding = only(judge(wrong_host()))
    assert finding.id == "host-unresolved"
    assert finding.object == Ref("Secret", "todo-app-api", NAMESPACE)
    assert "key DATABASE_URL" in finding.title
    assert (finding.found, finding.expected) == (f"host {WRONG}", f"host {HOST}")
    assert [(edit.key, edit.found, edit.expected) for edit in finding.fix.edits] == [
        ("DATABASE_URL", WRONG, HOST)
    ]
    assert any("not known" in quote.text and "migrate" in quote.source for quote in finding.evidence)
    assert any("exit code 1" in quote.text for quote in finding.evidence)  # the crash is its symptom


def test_no_secret_value_is_in_any_form_of_the_report():
    report = judge(wrong_host())
    shown = [json.dumps(report.as_dict()), report._repr_html_(), repr(report), str(report.findings.table())]
    shown += [report.findings.frame().to_string(), report.findings.json(), repr(wrong_host())]
    assert not [text for text in shown if PASSWORD in text]


def test_a_wrong_host_in_a_config_map_and_in_a_literal():
    in_map = configuration(env={"REDIS_URL": "redis://todo-app-rediss:6379/0"})
    finding = only(judge(wrong_host(objects=in_map, log=unresolved("todo-app-rediss"))))
    assert (finding.object.kind, finding.expected) == ("ConfigMap", "host todo-app-redis")
    literal = template(env=[{"name": "REDIS_HOST", "value": "todo-app-rediss"}])
    finding = only(
        judge(evidence(api=crashing(), pod_template=literal, log="getaddrinfo ENOTFOUND todo-app-rediss"))
    )
    assert finding.object == Ref("Deployment", "todo-app-api", NAMESPACE)
    assert finding.fix.edits[0].container == "api"


def test_a_right_host_whose_log_says_something_else_is_not_blamed():
    finding = only(judge(wrong_host(objects=configuration(), log="KeyError: 'x'")))
    assert (finding.id, finding.found) == ("said-uncaught", "KeyError")


def test_a_host_outside_the_namespace_is_not_blamed_for_another_ones_failure():
    outside = configuration(env={"TRACING_URL": "https://traces.example.com/v1"})
    finding = only(judge(wrong_host(objects=outside, log="KeyError: 'x'")))
    assert (finding.id, finding.found) == ("said-uncaught", "KeyError")


def test_a_wrong_port_of_a_service():
    given = {"objects": configuration(url(port=5433)), "log": "connection refused"}
    finding = only(judge(wrong_host(**given)))
    assert (finding.id, finding.expected) == ("port-wrong", "port 5432")
    assert PASSWORD not in str(finding)


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])
def test_an_image_that_cannot_be_pulled(reason):
    finding = only(judge(evidence(api=waiting(reason, "not found"))))
    assert (finding.id, finding.found) == ("image-pull", f"api:1 ({reason})")


def test_a_missing_secret_names_the_nearest():
    objects = configuration()
    objects.pop(("Secret", "todo-app-api"))
    said = 'secret "todo-app-api" not found'
    given = {"objects": objects, "names": {"Secret": ["todo-app-apis"]}}
    finding = only(judge(evidence(api=waiting("CreateContainerConfigError", said), **given)))
    assert (finding.id, finding.expected) == ("configuration-missing", "Secret todo-app-apis")
    assert finding.evidence[0].text == said


def test_a_missing_key_names_the_nearest():
    objects = configuration()
    objects["Secret", "todo-app-api"]["data"] = {"DATABASE_URI": "eA=="}
    finding = only(
        judge(evidence(api=waiting("CreateContainerConfigError", "couldn't find key"), objects=objects))
    )
    assert (finding.id, finding.expected) == ("key-missing", "key DATABASE_URI")


def test_an_optional_configuration_may_be_missing():
    made = template(envFrom=[{"secretRef": {"name": "extra", "optional": True}}])
    assert judge(evidence(api=waiting("ContainerCreating"), pod_template=made)).findings == []


def test_out_of_memory_names_the_limit():
    made = template(resources={"limits": {"memory": "64Mi"}})
    finding = only(judge(evidence(api=crashing(137, reason="OOMKilled"), pod_template=made)))
    assert finding.id == "out-of-memory"
    assert "64Mi" in finding.found


def test_killed_by_a_signal_is_not_out_of_memory():
    assert only(judge(evidence(api=crashing(137)))).id == "crash-loop"


def test_unschedulable_says_what_the_scheduler_says():
    said = "0/1 nodes are available: 1 Insufficient memory."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}
    finding = only(judge(evidence(api=waiting("ContainerCreating"), conditions=[condition])))
    assert (finding.id, finding.found) == ("unschedulable", said)


def test_a_crash_gives_the_last_words_and_the_exit_code():
    finding = only(judge(evidence(api=crashing(3), log="one\ntwo\nValueError: no such plan")))
    assert (finding.id, finding.found) == ("said-uncaught", "ValueError")
    assert finding.evidence[0].text == "ValueError: no such plan"
    assert "exit code 3" in finding.evidence[-1].text


def test_a_crash_without_last_words_gives_the_exit_code_and_the_last_lines():
    finding = only(judge(evidence(api=crashing(3), log="one\ntwo\nthree")))
    assert finding.id == "crash-loop"
    assert "exit code 3" in finding.found
    assert finding.evidence[-1].text == "three"


def test_a_readiness_probe_that_fails_as_often_as_it_may():
    said = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    finding = only(judge(evidence(events=[event("Unhealthy", said, count=3)])))
    assert finding.id == "probe-failing"
    assert "/health/ready" in finding.expected
    assert judge(evidence(events=[event("Unhealthy", said, count=2)])).findings == []


def with_history(found, earlier_ready):
    now, before = template(image="api:2"), template()
    annotation = "deployment.kubernetes.io/revision"
    sets = [
        Resource(
            kind="ReplicaSet", metadata=meta(f"rs-{number}", annotations={annotation: str(number)}),
            spec={"template": copy.deepcopy(t)}, status={"readyReplicas": ready},
        )
        for number, t, ready in ((2, now, 0), (1, before, earlier_ready))
    ]  # fmt: skip
    return evidence(api=found, pod_template=now, replica_sets=sets)


def test_a_fault_of_the_newest_template_goes_back_to_the_revision_that_serves():
    finding = only(judge(with_history(waiting("ImagePullBackOff"), 1)))
    assert finding.fix.automatic
    assert "revision 1" in finding.fix.summary
    (operation,) = finding.fix.patch
    assert operation["path"] == "/spec/template"
    assert operation["value"]["spec"]["containers"][0]["image"] == "api:1"


def test_there_is_no_way_back_when_the_earlier_revision_does_not_serve():
    fix = only(judge(with_history(waiting("ImagePullBackOff"), 0))).fix
    assert fix is None or not fix.automatic
