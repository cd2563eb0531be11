"""An application's source code, read as far as the rules need it: which environment variables it reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from kitlib.checks.targets import File, Project

_JS = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx")
_JS_READS = re.compile(r"process\.env(?:\.([A-Z_][A-Z0-9_]*)|\[['\"]([A-Z_][A-Z0-9_]*)['\"]\])(!)?")
_TESTS = re.compile(r"(^|/)(tests?|__tests__|e2e|spec)/|(^|/)(test_[^/]*|conftest)\.py$|\.(test|spec)\.\w+$")


@dataclass(frozen=True)
class Variable:
    """An environment variable that code reads.

    Args:
        name: such as DATABASE_URL.
        where: `file:line`.
        required: whether the code fails without it; in JavaScript only `process.env.NAME!` says so.
    """

    name: str
    where: str
    required: bool


def sources(project: Project, folder: str) -> Iterator[File]:
    """The program files below a folder, without tests."""
    for file in project.others:
        inside = folder in ("", ".") or file.path.startswith(f"{folder}/")
        if inside and file.path.endswith((".py", *_JS)) and not _TESTS.search(file.path):
            yield file


def variables(project: Project, folder: str) -> dict[str, Variable]:
    """The environment variables that the code below a folder reads; a required reading wins over others."""
    found: dict[str, Variable] = {}
    for file in sources(project, folder):
        for item in _reads(file):
            if item.name not in found or (item.required and not found[item.name].required):
                found[item.name] = item
    return found


@lru_cache(maxsize=512)
def _reads(file: File) -> tuple[Variable, ...]:
    """What one file reads; kept, as rules ask once for each container that runs it."""
    return tuple(_python(file) if file.path.endswith(".py") else _javascript(file))


def folder_of(file: File) -> str:
    """The folder of a file, as its path; `.` for the project's own."""
    return str(PurePosixPath(file.path).parent)


def _javascript(file: File) -> Iterator[Variable]:
    for number, line in enumerate(file.text.splitlines(), 1):
        for match in _JS_READS.finditer(line):
            yield Variable(match[1] or match[2], file.at(number), bool(match[3]))


def parse(file: File) -> ast.Module | None:
    """A Python file's syntax tree; None where it is not Python."""
    return _tree(file.text)


@lru_cache(maxsize=64)
def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _python(file: File) -> Iterator[Variable]:
    tree = parse(file)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.ClassDef) and any(
            dotted(base).endswith("BaseSettings") for base in node.bases
        ):
            yield from _settings(file, node)
        elif isinstance(node, ast.Subscript) and dotted(node.value) in ("os.environ", "environ"):
            if isinstance(node.ctx, ast.Load) and (name := text(node.slice)):
                yield Variable(name, file.at(node.lineno), True)
        elif isinstance(node, ast.Call) and node.args:
            reads = dotted(node.func) in ("os.environ.get", "environ.get", "os.getenv", "getenv")
            if reads and (name := text(node.args[0])):
                yield Variable(name, file.at(node.lineno), False)


def _settings(file: File, node: ast.ClassDef) -> Iterator[Variable]:
    """The fields of a pydantic-settings class: each is a variable of the same name in capitals."""
    prefix = ""
    for item in node.body:
        if isinstance(item, ast.Assign) and isinstance(item.value, ast.Call):
            prefix = keyword(item.value, "env_prefix") or prefix
    for item in node.body:
        if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
            continue
        field = (
            item.value if isinstance(item.value, ast.Call) and dotted(item.value.func) == "Field" else None
        )
        given = field and (field.args or any(k.arg in ("default", "default_factory") for k in field.keywords))
        ellipsis = field is not None and bool(field.args) and getattr(field.args[0], "value", None) is ...
        required = item.value is None or (field is not None and (not given or ellipsis))
        alias = field and (keyword(field, "validation_alias") or keyword(field, "alias"))
        if dotted(item.annotation).rpartition(".")[2] != "ClassVar":
            yield Variable(alias or (prefix + item.target.id).upper(), file.at(item.lineno), required)


def text(node: ast.AST | None) -> str:
    """The value of a literal string; empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def keyword(call: ast.Call, name: str) -> str:
    """The literal string that a call gives a keyword argument; empty without one."""
    return next((text(item.value) for item in call.keywords if item.arg == name), "")


def dotted(node: ast.AST) -> str:
    """A name as it is written, such as `os.environ.get`; a subscript without its index."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Subscript):
        return dotted(node.value)
    return node.id if isinstance(node, ast.Name) else ""
