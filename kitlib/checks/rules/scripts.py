"""Shell scripts around Minikube, kubectl and Helm."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.checks.rule import Hit, rule
from kitlib.checks.shell import commands, lines, option, options
from kitlib.checks.targets import File
from kitlib.kubernetes_releases import end_of_life

SHEBANG = re.compile(r"#!.*\b(ba|z|k)sh\b")
SET = re.compile(r"^\s*set\s+(.*)", re.MULTILINE)
PUSHING = "https://minikube.sigs.k8s.io/docs/handbook/pushing/"


def _sets(text: str, letter: str, name: str) -> bool:
    """Whether a script sets an option, by its letter or its name."""
    for match in SET.finditer(text):
        words = match[1].split()
        if name in words or (letter and any(re.match(rf"-[a-z]*{letter}", word) for word in words)):
            return True
    return bool(letter and re.match(rf"#!.*\s-[a-z]*{letter}", text))


@rule(
    "script",
    "script-no-errexit",
    "warning",
    "The script goes on after an error",
    why="when a build fails, the next lines deploy what was there before, and the script ends with success",
    source="https://www.gnu.org/software/bash/manual/html_node/The-Set-Builtin.html",
)
def no_errexit(file: File) -> Iterator[Hit]:
    changing = [
        words
        for _, words in commands(file.text)
        if words[0] in ("docker", "helm", "kubectl", "minikube", "kind")
    ]
    if SHEBANG.match(file.text) and len(changing) > 1 and not _sets(file.text, "e", "errexit"):
        found = f"no `set -e` before {len(changing)} commands"
        yield Hit(file.at(1), found, "set -euo pipefail", "write `set -euo pipefail` below the first line")


@rule(
    "script",
    "script-no-pipefail",
    "warning",
    "An error on the left of a pipe is lost",
    why="with `set -e` alone the pipe's result is that of its last command: an empty input then looks "
    "like success",
    source="https://www.gnu.org/software/bash/manual/html_node/The-Set-Builtin.html",
)
def no_pipefail(file: File) -> Iterator[Hit]:
    if (
        not SHEBANG.match(file.text)
        or not _sets(file.text, "e", "errexit")
        or _sets(file.text, "", "pipefail")
    ):
        return
    if "pipefail" in file.text:
        return
    for line in lines(file.text):
        if re.search(r"[^|]\|[^|]", line.text) and len(line.commands) > 1 and line.commands[0][0] != "echo":
            yield Hit(
                file.at(line.number),
                line.text,
                "set -euo pipefail",
                "write `set -euo pipefail` instead of `set -e`",
            )
            return


@rule(
    "script",
    "minikube-docker-env",
    "warning",
    "minikube docker-env needs Minikube's Docker runtime",
    why="with containerd, which becomes Minikube's default, it is experimental, and what Docker builds is "
    "not where the kubelet looks for images; an eval inside of a script ends with the script",
    source="https://minikube.sigs.k8s.io/docs/commands/docker-env/",
)
def docker_env(file: File) -> Iterator[Hit]:
    if re.search(r"--container-runtime[= ]docker\b", file.text):
        return
    for line in lines(file.text):
        match = re.search(r"\bminikube\b[^|;&()]*\bdocker-env\b([^|;&()]*)", line.text)
        if match and not line.is_message and not re.search(r"\s(-u|--unset)\b", match[1]):
            yield Hit(
                file.at(line.number),
                line.text,
                "a way that works with every runtime",
                "build inside of the cluster: minikube image build -t <name>:<unique tag> <folder>",
            )


@rule(
    "script",
    "kubernetes-ended",
    "warning",
    "The script starts a version of Kubernetes that has ended",
    why="it gets no security fixes, and newer kubectl, Helm and add-ons are no longer tested with it",
    source="https://kubernetes.io/releases/patch-releases/",
)
def kubernetes_ended(file: File) -> Iterator[Hit]:
    from datetime import date

    for line, words in commands(file.text):
        version = option(words, "--kubernetes-version")
        end = end_of_life(version) if version and "$" not in version else None
        if end and end < date.today():
            yield Hit(
                file.at(line.number + _offset(file, line.number, version)),
                f"{version}, which ended on {end}",
                "a supported version",
                "write --kubernetes-version=stable, or a version of https://kubernetes.io/releases/",
            )


def _offset(file: File, number: int, text: str) -> int:
    """How far below a command's first line a text stands."""
    rows = file.text.splitlines()[number - 1 :]
    return next((offset for offset, row in enumerate(rows) if text in row), 0)


@rule(
    "script",
    "minikube-ingress-platform",
    "warning",
    "On macOS and Windows the Ingress can't be reached",
    why="with the Docker driver Minikube's address lies inside of Docker's virtual machine: only "
    "`minikube tunnel` leads there, and the hosts are 127.0.0.1",
    source="https://kubernetes.io/docs/tasks/access-application-cluster/ingress-minikube/",
)
def ingress_platform(file: File) -> Iterator[Hit]:
    if re.search(r"\buname\b|OSTYPE|Darwin|macOS", file.text):
        return
    for line, words in commands(file.text):
        addons = ",".join(
            [*options(words, "--addons"), *(words[3:] if words[1:3] == ["addons", "enable"] else [])]
        )
        docker = option(words, "--driver") in ("docker", "") and re.search(r"--driver[= ]docker\b", file.text)
        if words[0] == "minikube" and docker and "ingress" in addons.split(","):
            yield Hit(
                file.at(line.number),
                "the Docker driver and the addon ingress, for every platform alike",
                "a word, or a branch, for macOS and Windows",
                'case "$(uname)" in Linux) minikube ip ;; *) echo "run minikube tunnel; the hosts are '
                '127.0.0.1" ;; '
                "esac",
            )
            return


@rule(
    "script",
    "script-same-tag",
    "warning",
    "A second run deploys nothing new",
    why="the image is built anew under the same tag, so the pods' template does not change and nothing "
    "restarts; `image load` even keeps the old image of that tag",
    source=PUSHING,
)
def same_tag(file: File) -> Iterator[Hit]:
    fixed = {match[1]: number for number, match in _constants(file)}
    built: dict[str, int] = {}
    for line, words in commands(file.text):
        tags = options(words, "-t", "--tag") if "build" in words[:3] else []
        tags += words[3:4] if words[:3] == ["minikube", "image", "load"] else []
        for tag in (image.rpartition(":")[2] for image in tags if ":" in image):
            if "$" not in tag or tag.strip("${}") in fixed:
                built.setdefault(tag, line.number)
    restarts = any(words[:3] == ["kubectl", "rollout", "restart"] for _, words in commands(file.text))
    hits: dict[int, Hit] = {}  # a tag that is kept in a variable is one defect, where the variable is set
    for line, words in () if restarts else commands(file.text):
        for pair in options(words, "--set", "--set-string"):
            key, _, tag = pair.partition("=")
            if key.endswith("image.tag") and tag in built:
                here = line.number + _offset(file, line.number, key)
                number = fixed.get(tag.strip("${}"), here)
                hit = Hit(
                    file.at(number),
                    f"{pair}, the fixed tag of line {built[tag]}",
                    "a tag of its own for each build",
                    'TAG="dev-$(date +%s)", and the same "$TAG" in the build and in --set-string',
                )
                hits.setdefault(number, hit)
    yield from hits.values()


def _constants(file: File) -> Iterator[tuple[int, re.Match[str]]]:
    """Assignments of a text that is the same in each run, unless the environment says otherwise."""
    for number, row in enumerate(file.text.splitlines(), 1):
        if match := re.fullmatch(r"(\w+)=[\"']?(?:\$\{\1:-[^}$`]+\}|[^\"'$`]+)[\"']?", row.strip()):
            yield number, match
