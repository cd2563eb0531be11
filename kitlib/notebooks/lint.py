"""What can be said of a notebook without running it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from kitlib.ai import shapes
from kitlib.checks.rules.secrets import credential
from kitlib.findings import Finding, Findings, Fix
from kitlib.notebooks import stable
from kitlib.notebooks.refresh import read

MAX_LINES = 15
_SHELL = re.compile(
    r"^\s*(!|[\w, ]+=\s*!)|^%%(bash|sh|script|system|!)|^\s*%(system|sx)\b|\bos\.(system|popen)\("
)
_ABSOLUTE = re.compile(r"(?<![\w./:@])/(home|root|Users|private|mnt)/[\w.-]+|\b[A-Z]:\\\w|/tmp/ipykernel_\d+")
_NAMED = re.compile(r"""["']?(\w[\w.-]*)["']?\s*[:=]\s*["']([^"'\n]{6,})["']""")
_END = re.compile(r"print\(\s*f?[\"']end of ")


@dataclass(frozen=True)
class Hit:
    """What a rule found in a cell, or in the notebook as a whole where `cell` is empty."""

    cell: str
    found: str


@dataclass(frozen=True)
class Rule:
    """A rule, and what a person is told about what it finds."""

    id: str
    title: str
    expected: str
    why: str
    fix: str
    look: Callable[[list[NotebookNode]], Iterator[Hit]]


def lint(path: Path) -> Findings:
    """Hold a notebook against every rule.

    Raises:
        UsageError: it is no notebook.
    """
    cells = list(read(path).cells)
    return Findings(
        Finding(
            "error",
            rule.id,
            rule.title,
            f"{path}, cell {hit.cell}" if hit.cell else str(path),
            hit.found,
            rule.expected,
            rule.why,
            Fix(rule.fix),
        )
        for rule in RULES
        for hit in rule.look(cells)
    )


def _code(cells: list[NotebookNode]) -> Iterator[tuple[str, NotebookNode]]:
    for index, cell in enumerate(cells):
        if cell.cell_type == "code":
            yield str(cell.get("id") or index), cell


def _texts(cells: list[NotebookNode]) -> Iterator[tuple[str, str]]:
    """Every text: sources, and what outputs say."""
    for index, cell in enumerate(cells):
        name = str(cell.get("id") or index)
        yield name, cell.source
        for output in cell.get("outputs", []):
            shown = [text for form, text in output.get("data", {}).items() if form.startswith("text/")]
            for text in (output.get("text"), *shown, *output.get("traceback", [])):
                yield name, _joined(text)


def _joined(text: Any) -> str:
    return "".join(map(str, text)) if isinstance(text, list) else str(text or "")


def _shell(cells: list[NotebookNode]) -> Iterator[Hit]:
    for name, cell in _code(cells):
        for line in cell.source.splitlines():
            if _SHELL.search(line):
                yield Hit(name, line.strip())


def _long(cells: list[NotebookNode]) -> Iterator[Hit]:
    for name, cell in _code(cells):
        count = len(cell.source.splitlines())
        if count > MAX_LINES:
            yield Hit(name, f"{count} lines")


def _endless(cells: list[NotebookNode]) -> Iterator[Hit]:
    code = list(_code(cells))
    if not code or not _END.search(code[-1][1].source):
        yield Hit(code[-1][0] if code else "", "no such line in the last code cell")


def _absolute(cells: list[NotebookNode]) -> Iterator[Hit]:
    for name, text in _texts(cells):
        if match := _ABSOLUTE.search(text):
            yield Hit(name, match.group())


def _secret(cells: list[NotebookNode]) -> Iterator[Hit]:
    for name, text in _texts(cells):
        kinds = [kind for key, value in _NAMED.findall(text) if (kind := credential(key, value))]
        if any(sort in ("KEY", "TOKEN") for _, _, sort in shapes.spans(text, ips=False)):
            kinds.append("a token or key")
        if kinds:
            yield Hit(name, f"{kinds[0]} (not shown)")


def _order(cells: list[NotebookNode]) -> Iterator[Hit]:
    last = 0
    for name, cell in _code(cells):
        count = cell.get("execution_count")
        if count is None:
            continue
        if count <= last:
            yield Hit(name, f"[{count}] after [{last}]")
        last = max(last, count)


def _outputs(cells: list[NotebookNode]) -> Iterator[Hit]:
    for name, cell in _code(cells):
        compared = stable.compared(cell.metadata.get("tags", []))
        if compared and not cell.outputs:
            yield Hit(name, "compared, and no output is saved")
        elif cell.outputs and not compared:
            yield Hit(name, "an output is saved, and not compared")


RULES = (
    Rule(
        "notebook-shell", "A cell calls a shell", "a call of Python, %kubectl, %helm or %kit",
        "A shell line that fails lets the notebook go on as if nothing had happened.",
        "use %kubectl, %helm, %kit, or kitlib", _shell,
    ),
    Rule(
        "notebook-end", "The notebook has no end", 'a last code cell with print("end of …")',
        "Only what the last cell prints shows that a run came to its end.",
        'add a last cell: print("end of lesson 03")', _endless,
    ),
    Rule(
        "notebook-secret", "A secret stands in a cell", "no secret in a notebook",
        "What is in a notebook is in the repository, its history and every copy.",
        "make the value in the cell, or read it from a Secret; and replace the one that was shown", _secret,
    ),
    Rule(
        "notebook-path", "A path of one machine", "a path relative to the notebook",
        "On every other machine there is nothing at that path.",
        "use a relative path, or pathlib.Path.home()", _absolute,
    ),
    Rule(
        "notebook-order", "Cells were run out of order", "counts that ascend",
        "What is saved can then not be had by running the notebook from its top.",
        "kit notebooks refresh", _order,
    ),
    Rule(
        "notebook-outputs", "Outputs and tags disagree",
        f"saved outputs exactly where a cell is tagged {stable.COMPARED}",
        "An output that is not compared grows old unnoticed; a comparison with nothing compares nothing.",
        "kit notebooks refresh", _outputs,
    ),
    Rule(
        "notebook-cell-length", "A cell is long", f"at most {MAX_LINES} lines",
        "A notebook holds prose and calls; logic wants a function that can be tested.",
        "move logic into a module", _long,
    ),
)  # fmt: skip
