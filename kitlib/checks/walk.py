"""Which files are looked at, and how their text is read; what can't be read becomes a finding."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from kitlib.checks.about import problem
from kitlib.checks.targets import File, Project
from kitlib.documents import YamlDocument, YamlError, parse_yaml
from kitlib.errors import UsageError
from kitlib.findings import Finding

MAX_BYTES = 5_000_000
NOISE = {
    *(".git", ".hg", ".svn", ".idea", ".vscode", ".terraform", ".pulumi"),
    *(".venv", "venv", "site-packages", "__pycache__", ".tox", ".nox", ".eggs"),
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".ipynb_checkpoints", ".cache"),
    *("node_modules", ".next", ".turbo", "runs"),
}
# Files of these names are meant for us, so one that can't be read is reported; any other is passed over.
OURS = re.compile(
    r"(.+\.(ya?ml|sh|bash|tpl)|(.+\.)?(Docker|Container)file(\.(?!dockerignore|j2)[\w-]+)?)", re.IGNORECASE
)
TEXTS = re.compile(
    r".+\.(py|js|mjs|cjs|ts|tsx|jsx|json|toml|md|txt|ini|cfg|env)|\.env(\..+)?|\.helmignore|[^.]+"
)


def walk(paths: Sequence[Path]) -> Iterator[Path]:
    """The files below some paths, each once, in the order of their names; folders of noise left out.

    A path that is given is looked at whatever it is called. Links to folders are not followed.

    Raises:
        UsageError: a path does not exist.
    """
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no {path}", fix="give a file or a folder that exists")
        for found in _below(path) if path.is_dir() else (path,):
            if found not in seen:
                seen.add(found)
                yield found


def read(path: Path, shown: str) -> str | Finding | None:
    """A file's text; a finding where it is ours and can't be read; None for what is not to be looked at.

    Args:
        path: the file.
        shown: its path in messages.
    """
    ours = OURS.fullmatch(path.name) is not None
    if not ours and not TEXTS.fullmatch(path.name):
        return None
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            return (
                _unread(shown, f"{size:,} bytes", f"at most {MAX_BYTES:,}", "split the file")
                if ours
                else None
            )
        content = path.read_bytes()
    except OSError as error:
        return _unread(shown, error.strerror or "an error", "a file that can be read", f"chmod a+r {shown}")
    if b"\0" in content:
        return _unread(shown, "binary data", "text", "remove or rename it") if ours else None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte 0x{content[error.start]:02x} at line {content[: error.start].count(10) + 1}"
        return _unread(shown, found, "UTF-8 text", f"iconv -t UTF-8 {shown}") if ours else None


def show(path: Path, root: Path) -> str:
    """A path relative to the root, if it is below; with `/` on every system."""
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def with_documents(project: Project, file: File) -> File | None:
    """The file with its YAML parsed; None, and a problem of the project, when it is not YAML."""
    try:
        return File(file.path, file.text, _documents(file.text))
    except YamlError as error:
        fix = "mend the line; most often it is the indentation, a missing quote or a tab"
        project.problems.append(problem("not-yaml", file.at(error.line), str(error), "YAML", fix))
        return None


@lru_cache(maxsize=256)
def _documents(text: str) -> tuple[YamlDocument, ...]:
    """A text's documents; kept, since nothing here changes them: who checks twice mostly reads the same."""
    return tuple(parse_yaml(text))


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in NOISE)
        for name in sorted(files):
            path = Path(parent, name)
            if path.is_file():  # neither a socket nor a link to nowhere
                yield path


def _unread(shown: str, found: str, expected: str, fix: str) -> Finding:
    return problem("unreadable", f"{shown}:1", found, expected, fix)
