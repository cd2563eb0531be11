"""Rendered files on the disk: their header, what was kept by hand, what was changed by hand.

A rendered file says so in its first lines, with a digest of what was rendered below. While the digest fits,
the file is ours to write anew; when it does not, somebody edited it, and it is left alone. Text between the
lines `# kit:keep NAME` and `# kit:keep end` does not count: it belongs to its author and is carried over.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kitlib.artifacts.artifact import Artifact

State = Literal["current", "missing", "stale", "edited"]
_HEADER_LINES = 4  # the header stands among them, below a #! line where there is one


@dataclass(frozen=True)
class Status:
    """How a file compares to what the specifications render.

    Args:
        artifact: the rendered file.
        state: current; missing; stale: rendered, but from other specs; edited: changed, or written, by hand.
        text: what the file should hold, header and kept regions included.
        found: what it holds; none: there is no such file.
        reason: why it counts as edited; else empty.
    """

    artifact: Artifact
    state: State
    text: str
    found: str | None
    reason: str = ""

    @property
    def diff(self) -> str:
        """What writing the file would change, as a unified diff."""
        before = (self.found or "").splitlines(keepends=True)
        after = self.text.splitlines(keepends=True)
        path = self.artifact.path
        return "".join(difflib.unified_diff(before, after, f"{path} (on disk)", f"{path} (rendered)"))

    @property
    def lines(self) -> list[int]:
        """The lines of the file on the disk, counted from 1, that differ from the rendering."""
        before, after = (self.found or "").splitlines(), self.text.splitlines()
        changes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        spans = (range(first, max(last, first + 1)) for tag, first, last, _, _ in changes if tag != "equal")
        last_line = max(len(before), 1)
        numbers = sorted({min(line + 1, last_line) for span in spans for line in span})
        # The digest differs wherever anything does: it is told only where nothing else is.
        return [n for n in numbers if not before or " kit:digest " not in before[n - 1]] or numbers


def status(artifact: Artifact, root: Path, specs: str) -> Status:
    """Compare a file with its rendering.

    Args:
        artifact: what the specs render.
        root: the project's root.
        specs: the specs' folder, as the header names it.
    """
    path = root / artifact.path
    if not path.is_file():
        return Status(artifact, "missing", _assemble(artifact, artifact.text, specs), None)
    found = path.read_bytes().decode(errors="replace")
    digest, body = _take_apart(found, artifact.comment)
    kept = _regions(body, artifact.comment)
    text = _assemble(artifact, _put_back(artifact, kept), specs)
    if digest is None:
        return Status(artifact, "edited", text, found, "it was not written by kit spec render")
    if digest != _digest(body, artifact.comment):
        return Status(artifact, "edited", text, found, "it was edited outside its kit:keep regions")
    lost = set(kept) - set(_regions(artifact.text, artifact.comment))
    if any(kept[name].strip() for name in lost):
        names = ", ".join(sorted(lost))
        return Status(artifact, "edited", text, found, f"the rendering no longer has the region {names}")
    runnable = os.access(path, os.X_OK) or not artifact.executable
    return Status(artifact, "current" if text == found and runnable else "stale", text, found)


def write(found: Status, root: Path) -> None:
    """Write a file's rendering, whole or not at all, whatever state it is in."""
    path = root / found.artifact.path
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(found.text.encode())
        os.chmod(temporary, 0o755 if found.artifact.executable else 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def orphans(artifacts: Iterable[Artifact], root: Path, specs: str) -> Iterator[str]:
    """Files beside the artifacts that were rendered from the same specs once, and are no longer."""
    known = {artifact.path for artifact in artifacts}
    for folder in sorted({str(Path(path).parent) for path in known}):
        for path in sorted((root / folder).glob("*")):
            name = path.relative_to(root).as_posix()
            if name not in known and path.is_file() and f" from {specs} by kit " in _head(path):
                yield name


def _head(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(400).decode(errors="replace")


def _assemble(artifact: Artifact, body: str, specs: str) -> str:
    mark = artifact.comment
    header = (
        f"{mark} Rendered from {specs} by kit spec render: change the specs, not this file.\n"
        f"{mark} kit:digest {_digest(body, mark)}\n"
    )
    shebang, rest = _shebang(body)
    return shebang + header + rest


def _take_apart(text: str, mark: str) -> tuple[str | None, str]:
    """A file's digest, None without a header, and what stands below its header."""
    lines = text.splitlines(keepends=True)
    for index, line in enumerate(lines[:_HEADER_LINES]):
        match = re.fullmatch(rf"{re.escape(mark)} kit:digest ([0-9a-f]{{32}})\n", line)
        if match and index > 0:
            return match[1], "".join(lines[: index - 1] + lines[index + 1 :])
    return None, text


def _shebang(body: str) -> tuple[str, str]:
    first, line_break, rest = body.partition("\n")
    return (first + line_break, rest) if first.startswith("#!") else ("", body)


def _digest(body: str, mark: str) -> str:
    return hashlib.sha256(_region(mark).sub(r"\g<start>\g<end>", body).encode()).hexdigest()[:32]


def _region(mark: str) -> re.Pattern[str]:
    keep = rf"[ \t]*{re.escape(mark)} kit:keep"
    return re.compile(
        rf"^(?P<start>{keep} (?P<name>(?!end$)[a-z0-9-]+)\n)(?P<inside>.*?)(?P<end>^{keep} end$)",
        re.MULTILINE | re.DOTALL,
    )


def _regions(body: str, mark: str) -> dict[str, str]:
    """What stands in each region, by the region's name."""
    return {match["name"]: match["inside"] for match in _region(mark).finditer(body)}


def _put_back(artifact: Artifact, kept: dict[str, str]) -> str:
    """The rendering with the regions as they are on the disk."""

    def fill(match: re.Match[str]) -> str:
        return match["start"] + kept.get(match["name"], match["inside"]) + match["end"]

    return _region(artifact.comment).sub(fill, artifact.text)
