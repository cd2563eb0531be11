"""kubectl, helm and kit from a notebook: without a shell, on the cluster that kit works on.

What a learner types with %kubectl is the learner's own hand, as in a terminal: the policy gate, which stands
in Cluster's verbs, is not asked. It is held to the cluster by arguments that the line can't set itself.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from kitlib import tools
from kitlib.cluster import Cluster
from kitlib.errors import CommandFailed, UsageError

SECONDS = 300.0
NAMES = ("kubectl", "helm", "kit")
_OPERATORS = {"|", ">", ">>", "<", "&&", "||", ";", "&", "2>", "2>&1"}
# What would lead to another cluster or another user: kubernetes.io/docs/reference/kubectl/kubectl
_ELSEWHERE = [
    "--kubeconfig",
    "--context",
    "--cluster",
    "--user",
    "--server",
    "-s",
    "--token",
    "--as",
    "--as-group",
    "--as-uid",
    "--certificate-authority",
    "--client-certificate",
    "--client-key",
    "--insecure-skip-tls-verify",
    "--tls-server-name",
    "--username",
    "--password",
    "--kube-context",
    "--kube-apiserver",
    "--kube-token",
    "--kube-as-user",
    "--kube-as-group",
    "--kube-ca-file",
    "--kube-insecure-skip-tls-verify",
    "--kube-tls-server-name",
]
_TERMINAL = {
    "edit": "change it with %kubectl patch, or with cluster.patch",
    "attach": "read %kubectl logs",
    "proxy": "use cluster.call_service",
    "port-forward": "use cluster.call_service",
}
_ENDLESS = {
    "-w": "--watch",
    "--watch": "--watch",
    "--watch-only": "--watch-only",
    "-f": "-f",
    "--follow": "-f",
}


class CommandError(UsageError):
    """A command of a notebook failed, or was not run; what is shown is the message alone.

    Args:
        message, fix: as for every error of kit.
    """


@dataclass(frozen=True)
class Output:
    """What a command printed."""

    text: str

    def __repr__(self) -> str:
        return self.text.rstrip()


def run(name: str, line: str, cluster: Cluster) -> Output:
    """Run a command, without a shell, on a cluster.

    Args:
        name: of `NAMES`.
        line: its arguments, quoted as for a shell.
        cluster: whose kubeconfig, context and namespace it gets.

    Raises:
        CommandError: it failed, with its code, its last words and what was perhaps meant; or it was not run,
            as it would need a shell, a terminal, or another cluster.
        ToolNotFound: kubectl or helm is not on this machine.
        ContextChanged: the kubeconfig no longer means the cluster.
    """
    try:
        done = tools.run(command(name, line, cluster), timeout=SECONDS, env=_environment(cluster))
    except CommandFailed as failure:
        raise _taught(name, _split(name, line), failure) from None
    return Output(done.stdout + (f"\n{done.stderr}" if done.stderr.strip() else ""))


def command(name: str, line: str, cluster: Cluster) -> list[str]:
    """The command that `run` runs; args and errors as there."""
    arguments = _split(name, line)
    _refuse(name, arguments)
    cluster.api.binding.check()
    return [*_program(name), *_placed(arguments, _bound(name, cluster))]


def complete(name: str, line: str, cluster: Cluster) -> list[str]:
    """What may stand where the cursor is; kubectl and helm know it, names of objects as well.

    Args:
        line: the arguments up to the cursor.
    """
    try:
        words = shlex.split(line)
    except ValueError:
        return []  # inside a quote
    if not line or line[-1].isspace():
        words.append("")
    if name == "kit":
        return _kit_words(words)
    asked = [*_program(name), "__complete", *_bound(name, cluster), *words]
    done = tools.run(asked, timeout=10, check=False)
    found = [text.split("\t")[0] for text in done.stdout.splitlines()]
    return [word for word in found if word and not word.startswith(":")]


def _split(name: str, line: str) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise CommandError(f"%{name} {line}: {error}", fix="close the quote") from None
    if used := [word for word in words if word in _OPERATORS]:
        raise CommandError(
            f"there is no shell here that would understand {used[0]}",
            fix="-o jsonpath=…, or Python: cluster.list(…).frame()",
        )
    return words


def _refuse(name: str, arguments: Sequence[str]) -> None:
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for word in own if name != "kit" else ():
        if word.split("=")[0] in _ELSEWHERE or re.match(r"-s.*://", word):
            raise CommandError(
                f"{word}: %{name} works on kit's cluster, and as its user", fix=f"leave out {word}"
            )
    first = next((word for word in own if not word.startswith("-")), "")
    if name != "kubectl":
        return
    if first == "config" and not {"view", "current-context"} & set(own):
        raise CommandError("the kubeconfig is kit's, and stays as it is", fix="%kubectl config view")
    if first in _TERMINAL or (
        first in ("exec", "run") and {"-it", "-ti", "-t", "--tty", "-i", "--stdin"} & set(own)
    ):
        said = _TERMINAL.get(first, f"%kubectl {first} with a command that ends, and without -it")
        raise CommandError(f"kubectl {first} needs a terminal", fix=said)
    endless = [word for word in own if word in _ENDLESS and not (word == "-f" and first != "logs")]
    if endless:
        raise CommandError(f"with {endless[0]} it never ends", fix="run the cell again, or cluster.wait(…)")


def _program(name: str) -> list[str]:
    if name == "kit":
        return [sys.executable, "-c", "from kitlib.cli.entry import main; main()"]
    return [str(tools.find(name))]


def _bound(name: str, cluster: Cluster) -> list[str]:
    binding = cluster.api.binding
    if name == "kit" or not binding.files:
        return []  # kit is told by its environment; in a pod, kubectl finds the cluster by itself
    files = os.pathsep.join(map(str, binding.files))
    context = "--context" if name == "kubectl" else "--kube-context"
    return [f"--kubeconfig={files}", f"{context}={binding.context}", f"--namespace={cluster.namespace}"]


def _placed(arguments: Sequence[str], bound: Sequence[str]) -> list[str]:
    """The arguments with ours after the command: kubectl takes an unknown one behind a flag for a plugin."""
    if any(re.match(r"-n|--namespace\b", word) for word in arguments):
        bound = [word for word in bound if not word.startswith("--namespace")]
    place = next((n for n, word in enumerate(arguments, 1) if not word.startswith("-")), 0)
    return [*arguments[:place], *bound, *arguments[place:]]


def _environment(cluster: Cluster) -> dict[str, str]:
    return {"KIT_NAMESPACE": cluster.namespace, "NO_COLOR": "1"}


def _taught(name: str, arguments: Sequence[str], failure: CommandFailed) -> CommandError:
    said = "\n".join(line for line in failure.output.strip().splitlines()[-12:] if line.strip())
    meant = _nearest(name, arguments, failure.output)
    if meant.startswith("did you mean"):  # kubectl says the same, in three lines
        said = re.sub(r"\nDid you mean this\?(\n\t\S+)+", "", said)
    return CommandError(f"{name} {shlex.join(arguments)}: exit code {failure.returncode}\n{said}", fix=meant)


def _nearest(name: str, arguments: Sequence[str], said: str) -> str:
    """The flag, command or kind that was perhaps meant."""
    flag = re.search(
        r"unknown (?:shorthand )?flag: (?:'\w' in )?(-{1,2}[\w-]+)|No such option: (-{1,2}[\w-]+)", said
    )
    command = re.search(r"unknown command \"([\w-]+)\"|No such command '([\w-]+)'", said)
    kind = re.search(r"doesn't have a resource type \"([\w.-]+)\"", said)
    if flag:
        word = flag[1] or flag[2]
        return _meant(word, _flags(name, arguments), f"%{name} {arguments[0]} --help")
    if command:
        return _meant(command[1] or command[2], _commands(name), f"%{name} --help")
    if kind:
        from kitlib.cluster.kinds import KINDS

        words = [word for _, names in KINDS.values() for word in names]
        return _meant(kind[1], words, "%kubectl api-resources")
    return ""


def _meant(word: str, known: Sequence[str], otherwise: str) -> str:
    near = get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else otherwise


def _flags(name: str, arguments: Sequence[str]) -> list[str]:
    words = [word for word in arguments if not word.startswith("-")][:1]
    texts = [tools.run([*_program(name), *words, "--help"], timeout=20, check=False).stdout]
    if name == "kubectl":
        texts.append(tools.run([*_program(name), "options"], timeout=20, check=False).stdout)
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][\w-]+", " ".join(texts))))


def _commands(name: str) -> list[str]:
    if name == "kit":
        return _kit_words([""])
    text = tools.run([*_program(name), "--help"], timeout=20, check=False).stdout
    return re.findall(r"(?m)^  ([a-z][a-z-]+) ", text)


def _kit_words(words: Sequence[str]) -> list[str]:
    """The commands and options of kit that begin as the last word does."""
    import typer

    from kitlib.cli.app import app

    command = typer.main.get_command(app)
    for word in words[:-1]:
        command = getattr(command, "commands", {}).get(word, command)
    known = list(getattr(command, "commands", {}))
    known += [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
    return [word for word in known if word.startswith(words[-1])]
