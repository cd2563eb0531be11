"""Runbooks: where they are, and what each says of itself; read without a kernel."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import kitlib
from kitlib.errors import UsageError
from kitlib.runbooks.parameters import Parameters
from kitlib.wording import counted

FOLDER = "runbooks"
APPROVE = "approve"  # the parameter that takes the hash of the plan to carry out
_SHELL = re.compile(
    r"^\s*(?:\w+\s*=\s*)?(!\s*[\w./~$].*|%%?(?:bash|sh|script|system|sx)\b.*)|(os\.(?:system|popen|exec\w*)\(.*"
    r"|subprocess\.\w+\(.*|get_ipython\(\)\.(?:system|getoutput)\(.*)"
)


class Permission(BaseModel):
    """What a runbook must be allowed to do, as an RBAC rule names it.

    Args:
        group, resource, verbs: of the rule.
        everywhere: in all namespaces, as a drain is; otherwise in those that the parameters name.
    """

    model_config = ConfigDict(extra="forbid")

    group: str = ""
    resource: str
    verbs: list[str]
    everywhere: bool = False


class Scope(BaseModel):
    """Where a runbook may be used; shell patterns such as `kind-*`."""

    model_config = ConfigDict(extra="forbid")

    contexts: list[str] = ["*"]
    namespaces: list[str] = ["*"]


class Allowance(BaseModel):
    """What one run may do at most."""

    model_config = ConfigDict(extra="forbid")

    actions: int = 20
    pods: int = 50


class Declared(BaseModel):
    """What the notebook's metadata `kitlib` declares."""

    model_config = ConfigDict(extra="forbid")

    scope: Scope = Field(default_factory=Scope)
    permissions: list[Permission] = []
    risk: Literal["low", "medium", "high"] = "low"
    budget: Allowance = Field(default_factory=Allowance)
    expected_seconds: int = 60


@dataclass(frozen=True)
class Runbook:
    """One runbook's notebook.

    Args:
        name: the file's name without its ending.
        path: the notebook.
        content: its JSON.
    """

    name: str
    path: Path
    content: dict[str, Any]

    @property
    def name_or_path(self) -> str:
        """What `find` takes to find it again from anywhere."""
        return str(self.path.absolute())

    @property
    def title(self) -> str:
        """The first heading."""
        return next((line[2:] for line in self._prose() if line.startswith("# ")), self.name)

    @property
    def description(self) -> str:
        """The first line of prose under the heading."""
        return next((line for line in self._prose() if line and not line.startswith("#")), "")

    @cached_property
    def parameters(self) -> Parameters:
        """The declared parameters.

        Raises:
            UsageError: the `parameters` cell can't be understood.
        """
        sources = [_source(cell) for cell in self.content["cells"] if "parameters" in _tags(cell)]
        return Parameters(sources[0] if sources else "", self.name)

    @cached_property
    def declared(self) -> Declared:
        """Scope, permissions, risk and expected duration.

        Raises:
            UsageError: the metadata can't be understood.
        """
        try:
            return Declared.model_validate(self.content["metadata"].get("kitlib", {}))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UsageError(f"{self.path}: metadata kitlib.{where}: {first['msg']}") from None

    @cached_property
    def steps(self) -> list[tuple[str, str]]:
        """(id, title) of each `rb.step("id", "title")`, in order of appearance."""
        code = [_source(cell) for cell in self.content["cells"] if cell["cell_type"] == "code"]
        calls = [node for text in code for node in ast.walk(_parsed(text)) if _is_step(node)]
        return [tuple(ast.literal_eval(argument) for argument in call.args[:2]) for call in calls]  # type: ignore[attr-defined]

    @property
    def takes_approval(self) -> bool:
        """Whether it changes something, and only what was approved."""
        return APPROVE in self.parameters.model.model_fields

    def refuse_shell(self) -> None:
        """Refuse cells that go past the gate: a shell line hides its failure, and what it changes.

        Raises:
            UsageError: names the cell and the line.
        """
        for number, cell in enumerate(self.content["cells"], 1):
            found = _shell(_source(cell)) if cell["cell_type"] == "code" else ""
            if found:
                raise UsageError(
                    f"{self.path}: cell {number}: {found!r} runs in a shell, which hides its failure and "
                    "goes past the policy gate",
                    fix='use rb.sh(cluster, "kubectl", "get", …) to read, and the verbs of Cluster to change',
                )

    def _prose(self) -> list[str]:
        cells = [_source(cell) for cell in self.content["cells"] if cell["cell_type"] == "markdown"]
        return [line.strip() for text in cells for line in text.splitlines()]


def folder() -> Path:
    """Where runbooks are: ./runbooks, else the one beside the package's source."""
    here = Path(FOLDER)
    return here if here.is_dir() else Path(kitlib.__file__).parents[1] / FOLDER


def all_runbooks() -> list[Runbook]:
    """Every runbook there is, by name."""
    return [load(path) for path in sorted(folder().glob("*.ipynb"))]


def find(name: str) -> Runbook:
    """A runbook by its name, or by the path of its notebook.

    Raises:
        UsageError: there is none; names the nearest one.
    """
    path = Path(name) if name.endswith(".ipynb") else folder() / f"{name}.ipynb"
    if path.is_file():
        return load(path)
    known = [item.stem for item in sorted(folder().glob("*.ipynb"))]
    near = get_close_matches(name, known, n=1)
    raise UsageError(
        f"no runbook {name!r} in {folder()}; there is {', '.join(known) or 'none'}",
        fix=f"did you mean {near[0]!r}?" if near else "kit runbook list",
    )


def describe(item: Runbook) -> list[str]:
    """What a runbook does, takes and needs, as lines for a terminal."""
    declared = item.declared
    lines = [f"{item.name}: {item.title}", item.description, "", "parameters"]
    fields = item.parameters.schema()
    required = fields.get("required", [])
    for name, field in fields.get("properties", {}).items():
        default = "must be given" if name in required else f"default {json.dumps(field.get('default'))}"
        lines.append(f"  {name}  {field.get('description', '')} ({default})")
    lines += ["", "steps", *(f"  {title}" for _, title in item.steps)]
    lines += ["", "permissions", *(f"  {', '.join(p.verbs)} {p.resource}" for p in declared.permissions)]
    budget = (
        f"at most {counted(declared.budget.actions, 'change')}, "
        f"{counted(declared.budget.pods, 'pod')} by one of them"
    )
    changes = budget if item.takes_approval else "changes nothing"
    return [*lines, "", f"risk {declared.risk}; {changes}; about {declared.expected_seconds} s"]


def load(path: Path) -> Runbook:
    """Read a notebook.

    Raises:
        UsageError: it is none.
    """
    try:
        content = json.loads(path.read_text())
        content["cells"], content["metadata"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UsageError(f"{path} is not a notebook: {error}") from None
    return Runbook(path.stem, path, content)


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _tags(cell: dict[str, Any]) -> list[str]:
    return list(cell.get("metadata", {}).get("tags", []))


def _shell(source: str) -> str:
    """The first line of a cell that starts a shell or a process of its own; empty when none does."""
    found = (_SHELL.search(line) for line in source.splitlines() if not line.lstrip().startswith("#"))
    return next((match.group().strip() for match in found if match), "")


def _parsed(text: str) -> ast.AST:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([], [])  # a cell with magics has no steps to find


def _is_step(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "step"
        and len(node.args) >= 2
        and all(isinstance(argument, ast.Constant) for argument in node.args[:2])
    )
