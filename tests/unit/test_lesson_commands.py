"""%kubectl, %helm and %kit: what is refused before anything runs, and what a failure teaches."""

from __future__ import annotations

import pytest

from kitlib.cluster import Cluster
from kitlib.lessons import commands
from kitlib.lessons.commands import CommandError, complete, run

pytestmark = pytest.mark.slow

CONFIG = """\
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: here, user: me}}]
clusters: [{name: here, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: me, user: {}}]
"""


@pytest.fixture
def cluster(tmp_path):
    path = tmp_path / "kubeconfig"
    path.write_text(CONFIG)
    return Cluster.from_kubeconfig(path, context="here", namespace="lesson-03")


REFUSED = {
    "get pods | grep web": "no shell here that would understand |",
    "get pods > pods.txt": "no shell here",
    "get pods ; ls": "no shell here",
    "get pods --context prod": "works on kit's cluster",
    "get pods --kubeconfig=/other": "works on kit's cluster",
    "get pods -s https://other:6443": "works on kit's cluster",
    "get pods --as admin": "works on kit's cluster",
    "config use-context prod": "the kubeconfig is kit's",
    "edit deployment web": "needs a terminal",
    "exec -it web -- sh": "needs a terminal",
    "port-forward web 80": "needs a terminal",
    "get pods -w": "never ends",
    "logs -f web": "never ends",
    "get pods 'web": "No closing quotation",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_would_need_a_shell_a_terminal_or_another_cluster_is_refused_with_a_way(cluster, line):
    with pytest.raises(CommandError) as refusal:
        run("kubectl", line, cluster)
    assert REFUSED[line] in refusal.value.message
    assert refusal.value.fix
    shown = refusal.value._render_traceback_()
    assert shown[0].startswith("✗ ")
    assert "Traceback" not in "".join(shown)


@pytest.mark.parametrize(
    "line", ["get pods --kube-context prod", "list --kubeconfig x", "list --kube-token t"]
)
def test_helm_is_held_to_the_cluster_too(cluster, line):
    with pytest.raises(CommandError, match="works on kit's cluster"):
        run("helm", line, cluster)


def test_what_only_looks_like_it_is_not_refused(cluster):
    commands._refuse("kubectl", ["apply", "-f", "web.yaml"])
    commands._refuse("kubectl", ["exec", "web", "--", "sh", "-c", "cat -w", "--context"])
    commands._refuse("kubectl", ["config", "view"])
    commands._refuse("kit", ["diagnose", "--context", "mine"])


TAUGHT = {
    ("kubectl", "get pods --selecter app=web"): "did you mean --selector?",
    ("kubectl", "gett pods"): "did you mean get?",
    ("helm", "instal"): "did you mean install?",
    ("kit", "dignose"): "did you mean diagnose?",
    ("kit", "lab lists --now"): "",
}


@pytest.mark.parametrize(("name", "line"), TAUGHT)
def test_a_failure_says_its_code_its_last_words_and_what_was_meant(cluster, name, line):
    with pytest.raises(CommandError) as failure:
        run(name, line, cluster)
    assert f"{name} {line}: exit code " in failure.value.message
    assert "\n" in failure.value.message
    if TAUGHT[name, line]:
        assert failure.value.fix == TAUGHT[name, line]
    assert "Did you mean this" not in failure.value.message  # kubectl's own guess would come first


def test_a_server_that_is_away_is_said_in_kubectls_own_words(cluster):
    with pytest.raises(CommandError, match=r"kubectl get pods: exit code 1\n.*error|refused"):
        run("kubectl", "get pods", cluster)


def test_kit_runs_and_its_words_are_completed(cluster):
    assert run("kit", "--version", cluster).text.startswith("kit ")
    assert "diagnose" in complete("kit", "dia", cluster)
    assert "list" in complete("kit", "lab ", cluster)
    assert "--check" in complete("kit", "lab render --ch", cluster)
    assert complete("kit", "lab 'open", cluster) == []


def test_kubectl_completes_commands_and_flags(cluster):
    assert "get" in complete("kubectl", "ge", cluster)
    assert any(word.startswith("--selector") for word in complete("kubectl", "get pods --sel", cluster))


def test_the_extension_brings_magics_and_their_completion(cluster, monkeypatch):
    from IPython.core.completer import provisionalcompleter
    from IPython.core.interactiveshell import InteractiveShell

    from kitlib.lessons import place

    monkeypatch.setattr(place, "_entered", [cluster])
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "kitlib")
    with provisionalcompleter():
        words = [found.text for found in shell.Completer.completions("%kit dia", 8)]
        of_kit = [(found.text, found.type) for found in shell.Completer.completions("%kit lab ", 9)]
    assert "diagnose" in words
    assert {type for _, type in of_kit} == {"kit"}  # and no keyword of Python's, such as `and`
    with pytest.raises(CommandError, match="no shell here"):
        shell.run_line_magic("kubectl", "get pods | wc")
    result = shell.run_cell("%kubectl get pods --context other")
    assert isinstance(result.error_in_exec, CommandError)
