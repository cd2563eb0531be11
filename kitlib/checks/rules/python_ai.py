"""Python programs that run kubectl or ask a language model."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date

from kitlib.checks.rule import Hit, rule
from kitlib.checks.sources import dotted, keyword, parse, text
from kitlib.checks.targets import File, KubeObject

DEPRECATIONS = "https://platform.openai.com/docs/deprecations"
# Shut down by OpenAI, with the day; the snapshots of a model go with it.
RETIRED = {
    "gpt-3.5-turbo": date(2026, 10, 23),
    "gpt-3.5-turbo-0125": date(2026, 10, 23),
    "gpt-4": date(2026, 10, 23),
    "gpt-4-0613": date(2026, 10, 23),
    "gpt-4-0314": date(2026, 3, 26),
    "gpt-4-32k": date(2025, 6, 6),
    "text-davinci-003": date(2024, 1, 4),
    "code-davinci-002": date(2023, 3, 23),
}
ASKS = ("chat.completions.create", "responses.create", "ChatCompletion.create", "messages.create")
CLIENTS = ("OpenAI", "AsyncOpenAI", "AzureOpenAI", "Anthropic")
PROGRAMS = ("kubectl", "helm", "docker", "minikube")


def _tree(file: File, *words: str) -> ast.Module | None:
    """The tree of a program that has one of some words: parsing every file would take seconds."""
    return parse(file) if file.path.endswith(".py") and any(word in file.text for word in words) else None


def _calls(file: File, *words: str) -> Iterator[ast.Call]:
    tree = _tree(file, *words)
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call)) if tree else iter(())


@rule(
    "file",
    "ai-model-retired",
    "error",
    "The model has been shut down",
    why="each call answers 404, model not found",
    source=DEPRECATIONS,
)
def model_retired(file: File) -> Iterator[Hit]:
    for call in _calls(file, *ASKS):
        model = keyword(call, "model")
        if model in RETIRED and dotted(call.func).endswith(ASKS):
            line = next(item.value.lineno for item in call.keywords if item.arg == "model")
            yield Hit(
                file.at(line),
                f'model="{model}", shut down on {RETIRED[model]}',
                "a model that is a setting",
                'write model=os.environ["OPENAI_MODEL"], with a model of the endpoint in use, such as '
                "gpt-4.1",
            )


@rule(
    "object",
    "agent-model-retired",
    "warning",
    "The agent's model has been shut down",
    why="the provider answers 404, model not found; the agent then works without a model",
    source=DEPRECATIONS,
)
def agent_model(item: KubeObject) -> Iterator[Hit]:
    model = str(item.get("spec", "model", "name", default=""))
    if item.kind == "AgentConfig" and item.get("spec", "model", "provider") == "openai" and model in RETIRED:
        yield Hit(
            item.at("spec", "model", "name"),
            f"{model}, shut down on {RETIRED[model]}",
            "a model that the provider still has",
            "write name: gpt-4.1, or a model of your own endpoint",
        )


@rule(
    "file",
    "ai-unbounded-evidence",
    "warning",
    "Whole API answers are sent to the model",
    why="the full objects hold other workloads, environment variables and annotations: they leave the "
    "company, and a namespace of a few dozen pods is more than the model reads",
    source="https://genai.owasp.org/llmrisk/llm022025-sensitive-information-disclosure/",
)
def unbounded_evidence(file: File) -> Iterator[Hit]:
    tree = _tree(file, *ASKS) if "kubectl" in file.text else None
    if tree is None or not any(
        text(node) == "json" for node in ast.walk(tree) if isinstance(node, ast.Constant)
    ):
        return
    for call in _calls(file, *ASKS):
        if not dotted(call.func).endswith(ASKS):
            continue
        for node in ast.walk(call):
            if isinstance(node, ast.Call) and dotted(node.func) in (
                "json.dumps",
                "yaml.dump",
                "yaml.safe_dump",
            ):
                yield Hit(
                    file.at(node.lineno),
                    ast.unparse(node),
                    "the few fields that matter, of one workload, with secrets blacked out",
                    "pick phase, reason, message, exit code and restart count of the one pod, cut logs to "
                    "a few kilobytes and redact them before they are sent",
                )


@rule(
    "file",
    "python-kubectl-unchecked",
    "warning",
    "A failed command goes unseen",
    why="without check=True a kubectl that was refused gives an empty text, which then passes for an answer",
    source="https://docs.python.org/3/library/subprocess.html#subprocess.run",
)
def subprocess_unchecked(file: File) -> Iterator[Hit]:
    tree = _tree(file, "subprocess.run") if any(name in file.text for name in PROGRAMS) else None
    for scope in ast.walk(tree) if tree else ():
        if not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        checked = any(
            isinstance(n, ast.Attribute) and n.attr in ("returncode", "check_returncode")
            for n in ast.walk(scope)
        )
        for call in (node for node in ast.walk(scope) if isinstance(node, ast.Call)):
            names = {item.arg for item in call.keywords}
            program = _first(call.args[0]) if call.args else ""
            runs = dotted(call.func) == "subprocess.run" and program in PROGRAMS
            if runs and not checked and not names & {"check", None}:
                yield Hit(
                    file.at(call.lineno),
                    f"subprocess.run([{program!r}, …]) without check",
                    "check=True",
                    "add check=True and let CalledProcessError say what failed, or look at returncode",
                )


def _first(node: ast.expr) -> str:
    """The first word of a command that is written as a list."""
    return text(node.elts[0]) if isinstance(node, (ast.List, ast.Tuple)) and node.elts else ""


@rule(
    "file",
    "ai-key-literal",
    "error",
    "An API key stands in the code",
    why="whoever reads the repository or its history can use it",
    source="https://help.openai.com/en/articles/5112595-best-practices-for-api-key-safety",
)
def key_literal(file: File) -> Iterator[Hit]:
    for call in _calls(file, *CLIENTS):
        name = dotted(call.func).rpartition(".")[2]
        if name in CLIENTS and len(keyword(call, "api_key")) > 12:
            line = next(item.value.lineno for item in call.keywords if item.arg == "api_key")
            yield Hit(
                file.at(line),
                f'{name}(api_key="…")',
                "the key from the environment",
                f"write {name}(), which reads it from the environment, and revoke this key",
            )
