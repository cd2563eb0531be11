"""The add-ons' manifests, what minikube is told, and what is refused."""

from __future__ import annotations

import sys

import kubernetes_validate
import pytest

from kitlib.cluster import addons, manifests
from kitlib.cluster.addons import lifecycle, programs
from kitlib.cluster.providers import ClusterRecord, minikube
from kitlib.cluster.providers.base import forget, save
from kitlib.errors import MachineError, ToolNotFound, UsageError

BUILT = [addon for addon in addons.ADDONS.values() if addon.program]
CLUSTER_WIDE = {"Namespace", "IngressClass", "ClusterRole", "ClusterRoleBinding", "APIService"}
MINIKUBE = """#!{python}
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
with open(here + "/calls", "a") as file:
    file.write(" ".join(sys.argv[1:]) + chr(10))
if sys.argv[1] == "version":
    print("v1.37.0")
if sys.argv[1:3] == ["addons", "list"]:
    states = {{"ingress": "enabled", "metrics-server": ""}}
    print(json.dumps({{name: {{"Profile": "mk", "Status": state}} for name, state in states.items()}}))
if sys.argv[1] == "profile":
    print(json.dumps({{"invalid": [], "valid": [{{"Name": "mk", "Status": "Running"}}]}}))
"""


def objects(addon):
    return manifests.read(addon.manifest)


def pod_of(addon):
    kind, namespace, name = addon.workload
    found = next(item for item in objects(addon) if item["kind"] == kind and item["metadata"]["name"] == name)
    assert found["metadata"]["namespace"] == namespace
    return found["spec"]["template"]["spec"]


@pytest.fixture
def record(tmp_path):
    """Makes a record of a cluster of some provider, under the name `mk`."""

    def make(provider):
        return save(ClusterRecord("mk", provider, tmp_path / "kubeconfig", "mk"))

    yield make
    forget("mk")


@pytest.fixture
def calls(tmp_path, monkeypatch, record):
    """A minikube that notes how it is called; its one cluster runs, with the addon ingress."""
    script = tmp_path / "minikube"
    script.write_text(MINIKUBE.format(python=sys.executable))
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    record("minikube")
    noted = tmp_path / "calls"
    noted.touch()
    return lambda: [call for call in noted.read_text().splitlines() if "able " in call]


# --- manifests


@pytest.mark.parametrize("addon", addons.ADDONS.values(), ids=lambda a: a.name)
def test_every_object_is_valid_and_says_where_it_lives(addon):
    removal = manifests.read(addon.removal) if addon.removal else []
    for item in [*objects(addon), *removal]:
        if item["kind"] != "APIService":  # the schemas have none
            kubernetes_validate.validate(item, "1.34", strict=True)
        assert (item["kind"] in CLUSTER_WIDE) == ("namespace" not in item["metadata"])


@pytest.mark.parametrize("addon", BUILT, ids=lambda a: a.name)
def test_every_object_is_marked_as_ours_so_that_nobody_elses_is_removed(addon):
    for item in objects(addon):
        assert item["metadata"]["labels"][lifecycle.MANAGED[0]] == lifecycle.MANAGED[1]


@pytest.mark.parametrize("addon", BUILT, ids=lambda a: a.name)
def test_rights_are_reading_and_named_one_by_one(addon):
    (role,) = [item for item in objects(addon) if item["kind"] == "ClusterRole"]
    for rule in role["rules"]:
        assert "*" not in str(rule)
        assert set(rule["verbs"]) <= {"get", "list", "watch"} or rule["resources"] == ["ingresses/status"]
    (binding,) = [item for item in objects(addon) if item["kind"] == "ClusterRoleBinding"]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]


@pytest.mark.parametrize("addon", BUILT, ids=lambda a: a.name)
def test_no_container_is_privileged_or_has_a_floating_image(addon):
    for container in pod_of(addon)["containers"]:
        assert container["image"] == addon.program.image
        assert addon.program.version in container["image"]
        assert not container["securityContext"].get("privileged")
        assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]


def test_traefik_serves_the_class_nginx_without_root():
    pod = pod_of(addons.find("ingress"))
    (container,) = pod["containers"]
    assert "--providers.kubernetesingressnginx=true" in container["args"]
    assert {port.get("hostPort") for port in container["ports"]} == {80, 443, None}
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    (ingress_class,) = [o for o in objects(addons.find("ingress")) if o["kind"] == "IngressClass"]
    assert ingress_class["metadata"]["name"] == "nginx"
    assert ingress_class["spec"]["controller"] == "k8s.io/ingress-nginx"


def test_kube_router_is_a_firewall_and_nothing_else():
    (container,) = pod_of(addons.find("network-policy"))["containers"]
    assert {"--run-firewall=true", "--run-router=false", "--run-service-proxy=false"} <= set(
        container["args"]
    )


def test_a_built_image_takes_the_place_of_the_registrys_in_every_container():
    addon = addons.find("network-policy")
    found = lifecycle.with_image(manifests.read(addon.removal), addon.program.image, "kit.local/x:1")
    pod = found[0]["spec"]["template"]["spec"]
    assert [c["image"] for c in pod["initContainers"] + pod["containers"]] == ["kit.local/x:1"] * 2
    other = lifecycle.with_image(objects(addons.find("metrics-server")), addon.program.image, "kit.local/x:1")
    assert other == objects(addons.find("metrics-server"))


def test_a_changed_recipe_has_another_image(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM debian")
    program = programs.Program("p", "v1", "example.org/p", "p:v1", tmp_path, 1, 1.0, "v")
    before = program.tag
    assert program.tag == before
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    assert program.tag != before
    binary = program.binary
    (tmp_path / "go" / "module").mkdir(parents=True)
    (tmp_path / "go" / "module" / "own.go").write_text("package p")
    assert program.binary != binary


def test_too_little_disk_is_said_before_anything_is_compiled(tmp_path, capsys):
    huge = programs.Program("p", "v1", "example.org/p", "p:v1", tmp_path, 7, 1e6, "v")
    with pytest.raises(MachineError, match="to compile p takes 1e\\+06 GB"):
        programs.compile_(huge)
    assert "about 7 CPU minutes" in capsys.readouterr().err


# --- what is refused


def test_an_unknown_add_on_is_refused_with_the_nearest(record):
    with pytest.raises(UsageError, match="there are ingress, network-policy, metrics-server") as caught:
        addons.enable(None, ["ingres"])
    assert caught.value.fix == "kit cluster addons enable ingress"
    with pytest.raises(UsageError) as caught:
        addons.disable(None, ["networkpolicy"])
    assert caught.value.fix.endswith("network-policy")
    assert addons.find("ingress").name == "ingress"


@pytest.mark.parametrize(
    ("provider", "why"), [("embedded", "runs no containers"), ("current", "was not made by kit")]
)
def test_clusters_that_can_have_none_say_why(record, provider, why):
    record(provider)
    for act in (lambda: addons.enable("mk", ["ingress"]), lambda: addons.overview("mk")):
        with pytest.raises(UsageError, match=why):
            act()


def test_a_cluster_that_kit_does_not_know_is_refused():
    with pytest.raises(UsageError, match="knows no cluster named 'absent'"):
        addons.enable("absent", ["ingress"])


# --- minikube


def test_minikubes_own_addons_are_enabled_and_disabled(calls, capsys):
    addons.enable("mk", ["ingress", "metrics-server"])
    assert addons.disable("mk", ["ingress", "metrics-server"]) == ["ingress"]
    assert calls() == [
        "addons enable ingress --profile mk",
        "addons enable metrics-server --profile mk",
        "addons disable ingress --profile mk",
        "addons disable metrics-server --profile mk",
    ]


def test_what_minikube_has_no_addon_for_is_refused_before_anything_is_done(calls):
    with pytest.raises(UsageError, match="minikube has no add-on network-policy") as caught:
        addons.enable("mk", ["ingress", "network-policy"])
    assert "--cni=calico" in caught.value.fix
    assert calls() == []


def test_the_overview_of_minikube_is_minikubes(calls):
    states = {item.addon.name: item.state for item in addons.overview("mk")}
    assert states == {"ingress": "enabled", "network-policy": "not available", "metrics-server": "disabled"}


def test_the_listing_is_asked_for_with_documented_flags():
    """Source: minikube.sigs.k8s.io/docs/commands/addons/."""
    command = minikube.list_addons_command("mk")
    assert command[:3] == ["minikube", "addons", "list"]
    assert {part.split("=")[0] for part in command if part.startswith("-")} == {"--output", "--profile"}


def test_without_minikube_the_way_to_get_it_is_told(record, tmp_path, monkeypatch):
    record("minikube")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolNotFound, match="minikube"):
        minikube.PROVIDER.switch_addon("mk", "ingress", on=True)
