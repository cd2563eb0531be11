"""The catalogue of faults: complete, well formed, and refused with the place named where it is not."""

from __future__ import annotations

import base64
import copy
import json
from datetime import UTC, datetime

import pytest
import yaml
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from typer.testing import CliRunner

from kitlib import faults
from kitlib.checks.external import catalogue
from kitlib.cli.app import app
from kitlib.errors import UsageError, WaitTimeout
from kitlib.faults import certificates, loading, places
from kitlib.faults.steps import _merge

# What people call each fault, by family as in the list of faults that the catalogue has to hold.
WANTED = {
    "required env var unset": ["env-var-unset"],
    "wrong command or typo in args": ["command-not-found", "args-typo"],
    "init container with a typo in its command": ["init-command-typo"],
    "init container waiting on a host that never answers": ["init-waits-wrong-host", "init-waits-for-nobody"],
    "image that does not exist": ["image-absent"],
    "image tag that does not exist": ["image-tag-absent"],
    "private image without pull secret": ["image-pull-secret-missing"],
    "ConfigMap absent": ["configmap-absent"],
    "Secret absent (env)": ["secret-absent-env", "secret-key-absent"],
    "Secret absent (volume)": ["secret-absent-volume"],
    "Service account absent": ["service-account-absent"],
    "app reads another environment's settings after a reload": ["other-environments-settings"],
    "container refuses to run as root / as non-root": ["refuses-root", "refuses-non-root"],
    "read-only file system and the app writes": ["read-only-file-system"],
    "readiness command exits 1": ["readiness-command-fails"],
    "readiness path wrong": ["readiness-path-wrong"],
    "liveness on the wrong port": ["liveness-port-wrong"],
    "liveness flapping: 40 restarts, Ready now": ["liveness-flapping", "liveness-flapping-40"],
    "startup slower than liveness allows": ["startup-too-slow"],
    "readiness fails and the event has expired": ["readiness-event-expired"],
    "SIGTERM ignored, killed after the grace period": ["sigterm-ignored"],
    "pod stuck Terminating on a finalizer": ["finalizer-stuck"],
    "OOMKilled now": ["oom-killed"],
    "OOMKilled 12 times but Running now": ["oom-killed-running-now", "oom-killed-12-times"],
    "memory leak that will be killed": ["memory-leak"],
    "CPU throttled": ["cpu-throttled"],
    "requests larger than any node": ["requests-too-large"],
    "5 GPUs asked, none there": ["gpu-absent"],
    "ResourceQuota forbids part of the replicas": ["quota-exceeded"],
    "LimitRange turns limits into something else": ["limit-range-sets-limit"],
    "PVC for a StorageClass that doesn't exist": ["storage-class-absent"],
    "two pods want one RWO volume on different nodes": ["volume-on-two-nodes"],
    "eviction by pressure": ["evicted-by-pressure"],
    "nodeSelector matches no node": ["node-selector-no-match"],
    "taint without toleration": ["taint-not-tolerated"],
    "node cordoned": ["node-cordoned"],
    "node NotReady (kubelet stopped)": ["node-not-ready"],
    "required anti-affinity with too few nodes": ["anti-affinity-too-few-nodes"],
    "hostPort taken": ["host-port-taken"],
    "priority too low, preempted": ["preempted"],
    "PDB blocks a drain": ["budget-blocks-drain"],
    "Service selector doesn't match": ["service-selector-wrong"],
    "Service targetPort wrong (number, and name)": [
        "service-target-port-wrong",
        "service-target-port-name-wrong",
    ],
    "Service has only unready endpoints": ["service-endpoints-unready"],
    "named port missing": ["container-port-unnamed"],
    "Ingress to a Service or port that isn't there": ["ingress-service-absent", "ingress-port-absent"],
    "IngressClass absent": ["ingress-class-absent"],
    "TLS secret absent or expired": ["ingress-tls-secret-absent", "ingress-certificate-expired"],
    "NetworkPolicy admits another tier only": ["network-policy-other-tier"],
    "DNS name misspelt": ["dns-name-misspelt"],
    "CoreDNS config serves NXDOMAIN": ["cluster-dns-nxdomain"],
    "mTLS or wrong protocol between services": ["client-certificate-missing", "protocol-mismatch"],
    "HPA without requests": ["hpa-without-requests"],
    "HPA target absent": ["hpa-target-absent"],
    "HPA fights a fixed replica count": ["hpa-fights-replicas"],
    "Deployment rollout past its deadline": ["rollout-past-deadline"],
    "ReplicaSet FailedCreate by admission": ["admission-policy-denies"],
    "Pod Security rejects pods while the Deployment looks fine": ["pod-security-rejects"],
    "mutating webhook rewrites limits": ["webhook-rewrites-limits"],
    "validating webhook's backend is gone": ["webhook-backend-gone"],
    "webhook with a wrong caBundle": ["webhook-authority-wrong"],
    "CronJob suspended": ["cronjob-suspended"],
    "CronJob deadline missed": ["cronjob-deadline-missed"],
    "Job never completes because of a sidecar": ["job-held-by-sidecar"],
    "Job backoff limit reached": ["job-backoff-limit"],
    "RBAC: role lacks a verb; binding names another subject": [
        "role-lacks-verb",
        "binding-names-other-subject",
    ],
    "namespace stuck Terminating": ["namespace-terminating"],
    "StatefulSet waits for pod 0": ["statefulset-waits-for-first"],
    "DaemonSet not on tainted nodes": ["daemonset-misses-tainted-node"],
    "divide by zero in the log": ["divide-by-zero"],
    "database password wrong": ["database-password-wrong"],
    "database name wrong": ["database-name-wrong"],
    "Redis down takes three services with it": ["redis-down"],
    "slow new version beside a fast old one": ["slow-new-version"],
    "certificate expired": ["certificate-expired"],
    "rolling update in progress": ["rolling-update-in-progress"],
    "Job completed": ["job-completed"],
    "CronJob between runs": ["cronjob-between-runs"],
    "scaled to zero on purpose (annotated)": ["scaled-to-zero"],
    "pod that restarted once last week": ["restarted-last-week"],
    "default-deny NetworkPolicy with the right allows": ["default-deny-with-allows"],
    "cordoned node under maintenance (annotated)": ["node-under-maintenance"],
    "Completed init container": ["init-completed"],
    "HPA at its minimum": ["hpa-at-minimum"],
    "PVC waiting for its first consumer": ["claim-waits-for-consumer"],
}
ALL = faults.load()
IDS = [fault.id for fault in ALL]


class Somewhere:
    """What the words are resolved from, without a cluster."""

    namespace, server, context = "fault-here", "https://nowhere", "none"

    def list(self, kind, **_):
        nodes = [Somewhere.item({"name": name}) for name in ("worker-1", "worker-2")]
        return nodes if kind == "Node" else [Somewhere.item({"name": "pod"}, {"hostIP": "192.0.2.7"})]

    @staticmethod
    def item(metadata, status=None):
        from kitlib.cluster import Resource

        return Resource(metadata=metadata, status=status or {})


@pytest.fixture(scope="module")
def resolved():
    return {fault.id: places.resolved(Somewhere(), fault) for fault in ALL}


def applied(fault):
    """Every manifest of a fault."""
    steps = [*fault.breaks, *fault.fix]
    return [*fault.start, *(item for step in steps for item in step.apply or [])]


def test_every_fault_that_was_asked_for_is_there():
    named = [id for ids in WANTED.values() for id in ids]
    assert sorted(named) == sorted(IDS)


def test_ids_are_unique_and_those_of_the_files():
    assert len(set(IDS)) == len(IDS)
    files = {path.stem: path.parent.name for path in loading.CATALOGUE.glob("*/*.yaml")}
    assert files == {fault.id: fault.family for fault in ALL}


@pytest.mark.parametrize("fault", ALL, ids=IDS)
def test_a_fault_says_what_breaks_how_it_shows_why_and_what_heals_it(fault):
    if fault.healthy:
        assert fault.cause is None
        return
    assert fault.breaks
    assert fault.symptom
    assert fault.fix
    assert fault.cause.found != fault.cause.expected
    wrong = {(answer.kind, answer.name, answer.namespace) for answer in fault.answers}
    assert not wrong & {(item.kind, item.name, item.namespace) for item in fault.not_reported}


@pytest.mark.parametrize("id", IDS)
def test_manifests_are_what_kubernetes_knows(resolved, id):
    validators = catalogue.builtin()
    for item in applied(resolved[id]):
        found = list(validators[item["apiVersion"], item["kind"]].faults(item))
        assert not found, f"{item['kind']}/{item['metadata']['name']}: {found}"


@pytest.mark.parametrize("id", IDS)
def test_objects_of_the_whole_cluster_carry_the_namespaces_name_and_pods_are_small(resolved, id):
    whole = {"Namespace", "PriorityClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    whole |= {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}
    for item in applied(resolved[id]):
        if item["kind"] in whole:
            assert item["metadata"]["name"].startswith("fault-here")
        for pod in pods(item):
            assert pod["terminationGracePeriodSeconds"] <= 60
            for container in [*pod["containers"], *pod.get("initContainers", [])]:
                assert container["resources"]["requests"]["cpu"] == "5m"
                assert container["resources"]["requests"]["memory"] in ("16Mi", "64Mi")


@pytest.mark.parametrize("id", IDS)
def test_no_word_is_left_and_programs_are_python(resolved, id):
    text = json.dumps(resolved[id].model_dump(mode="json", by_alias=True))
    for word in ("NAMESPACE", "PROGRAM", "PYTHON", "NODE", "CERT", "AGO"):
        assert f"${word}" not in text
    for item in applied(resolved[id]):
        for pod in pods(item):
            for container in [*pod["containers"], *pod.get("initContainers", [])]:
                command = container.get("command") or []
                if "-c" in command and command[0] == "python":
                    compile(command[command.index("-c") + 1], id, "exec")


def pods(item):
    """The pod specs in a manifest."""
    spec = item.get("spec") or {}
    if item["kind"] == "Pod":
        return [spec]
    template = (spec.get("jobTemplate") or {}).get("spec", spec).get("template")
    return [template["spec"]] if template else []


def test_a_symptom_names_apps_that_the_fault_has():
    for fault in ALL:
        apps = {
            template.get("metadata", {}).get("labels", {}).get("app")
            for item in applied(fault)
            for template in [
                (item.get("spec") or {}).get("template")
                or ((item.get("spec") or {}).get("jobTemplate") or {}).get("spec", {}).get("template")
                or item
            ]
        }
        for sign in fault.symptom:
            app = getattr(sign.chosen, "app", "")
            assert not app or app in apps, f"{fault.id}: {app}"


def test_the_nearest_fault_is_offered():
    assert faults.find("redis-down").family == "application"
    with pytest.raises(UsageError, match="did you mean 'redis-down'"):
        faults.find("redis-dwon")


# Files that are wrong

GOOD = yaml.safe_load((loading.CATALOGUE / "network/service-selector-wrong.yaml").read_text())
STEP = {"kind": "Service", "name": "web", "patch": {}}


def written(folder, changed):
    path = folder / "network" / "service-selector-wrong.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(changed))
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"symptoms": []}, "symptoms: Extra inputs"),
        ({"family": "networks"}, "family: Input should be"),
        ({"cause": {"kind": "Service", "name": "web"}}, "cause.found: Field required"),
        ({"cause": None}, "cause: missing"),
        ({"symptom": []}, "symptom: missing"),
        ({"fix": []}, "fix: missing"),
        ({"break": []}, "break: missing"),
        ({"nodes": 9}, "nodes: Input should be less"),
        ({"healthy": True}, "belongs to family healthy"),
        (
            {"break": [{"patch": STEP, "wait": {"absent": {"kind": "Pod", "name": "x"}}}]},
            "break.0: .*exactly one",
        ),
        ({"break": [{}]}, "break.0: .*found nothing, expected exactly one"),
        ({"fix": [{"patch": {**STEP, "typo": 1}}]}, "fix.0.patch.typo: Extra"),
        ({"symptom": [{"log": {"app": "web"}}]}, "symptom.0.log.pattern: Field required"),
        ({"id": "service-selector"}, "found id service-selector of family network"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path, change, said):
    path = written(tmp_path, {**copy.deepcopy(GOOD), **change})
    with pytest.raises(UsageError, match=said) as caught:
        loading.read(path)
    assert str(path) in caught.value.message


def test_a_file_that_is_no_yaml_is_refused(tmp_path):
    path = written(tmp_path, {})
    path.write_text("id: [")
    with pytest.raises(UsageError, match="is not YAML"):
        loading.load(tmp_path)


def test_a_word_that_means_nothing_is_refused():
    fault = faults.find("redis-down").model_copy(update={"title": "the word $NONSENSE means nothing"})
    with pytest.raises(UsageError, match=r"\$NONSENSE stands for nothing"):
        places.resolved(Somewhere(), fault)


# Parts


def test_certificates_made_again_fit_the_keys_of_the_first():
    first, again = certificates.made("shop"), certificates.made("shop")
    assert first["KEY"] == again["KEY"]
    assert first["KEY"] != certificates.made("other")["KEY"]
    authority, server, expired = (parsed(again[word]) for word in ("CA", "CERT", "EXPIRED_CERT"))
    parsed(first["CERT"]).verify_directly_issued_by(authority)
    expired.verify_directly_issued_by(authority)
    assert expired.not_valid_after_utc < datetime.now(UTC) < server.not_valid_after_utc
    with pytest.raises(InvalidSignature):
        server.verify_directly_issued_by(parsed(first["OTHER_CA"]))
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "*.shop.svc" in names.get_values_for_type(x509.DNSName)


def parsed(text):
    return x509.load_pem_x509_certificate(base64.b64decode(text))


def test_a_status_is_merged_and_lists_take_the_place_of_lists():
    status = {"phase": "Running", "conditions": [1, 2], "capacity": {"cpu": "2", "gpu": "1"}}
    _merge(status, {"phase": "Failed", "conditions": [3], "capacity": {"gpu": None}})
    assert status == {"phase": "Failed", "conditions": [3], "capacity": {"cpu": "2"}}


# The command


def kit(*arguments):
    return CliRunner().invoke(app, ["fault", *arguments])


def test_kit_fault_list_as_a_table_and_as_json():
    table = kit("list", "--family", "application")
    assert table.exit_code == 0
    assert "redis-down" in table.output
    assert "oom-killed" not in table.output
    entries = json.loads(kit("list", "--format", "json").output)
    assert {entry["id"] for entry in entries} == set(IDS)
    assert [entry.get("healthy", False) for entry in entries] == sorted(
        entry.get("healthy", False) for entry in entries
    )


def test_kit_fault_list_refuses_what_it_does_not_know():
    assert isinstance(kit("list", "--format", "xml").exception, UsageError)
    assert isinstance(kit("list", "--family", "nothing").exception, UsageError)


def test_kit_fault_show_is_the_file():
    shown = yaml.safe_load(kit("show", "service-selector-wrong").output)
    assert shown == GOOD


@pytest.fixture
def acted(monkeypatch):
    """What the command asked of the library, and in which namespace; `oom-killed` fails to show."""
    done = []

    def note(verb):
        def act(cluster, fault, **_):
            done.append((verb, fault.id, cluster))
            if verb == "inject" and fault.id == "oom-killed":
                raise WaitTimeout("it does not show")

        return act

    for verb in ("inject", "fix", "healed", "clean"):
        monkeypatch.setattr(faults, verb, note(verb))

    class Place(str):
        @property
        def namespace(self):
            return str(self)

    monkeypatch.setattr("kitlib.cluster.connect.connect", lambda context, *, namespace: Place(namespace))
    return done


def test_kit_fault_acts_in_a_namespace_of_the_faults_name_unless_told(acted):
    assert kit("inject", "redis-down").exit_code == 0
    assert kit("fix", "redis-down", "-n", "mine", "--clean").exit_code == 0
    assert acted == [
        ("inject", "redis-down", "fault-redis-down"),
        ("fix", "redis-down", "mine"),
        ("healed", "redis-down", "mine"),
        ("clean", "redis-down", "mine"),
    ]


def test_kit_fault_fix_leaves_everything_there_unless_told(acted):
    assert kit("fix", "redis-down").exit_code == 0
    assert [verb for verb, *_ in acted] == ["fix", "healed"]


def test_kit_fault_verify_goes_on_after_a_failure_and_cleans_up_each(acted):
    done = kit("verify", "oom-killed", "redis-down", "job-completed")
    assert done.exit_code == 1
    assert "2 of 3 are as the catalogue says" in done.output
    assert [(verb, id) for verb, id, _ in acted] == [
        ("inject", "oom-killed"),
        ("clean", "oom-killed"),
        ("inject", "redis-down"),
        ("fix", "redis-down"),
        ("healed", "redis-down"),
        ("clean", "redis-down"),
        ("inject", "job-completed"),  # a healthy control has nothing to heal
        ("clean", "job-completed"),
    ]
