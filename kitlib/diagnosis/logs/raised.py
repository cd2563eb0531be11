"""What a stack trace says went wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace

from kitlib.diagnosis.logs.matching import quote, statements, with_address
from kitlib.diagnosis.logs.said import Kind, Said
from kitlib.diagnosis.logs.traces import Raised, Trace

LONGEST_DETAIL = 200
_ENVIRON = re.compile(
    r"(?:environ\[|environ\.get\(|getenv\(|process\.env\.|process\.env\[|ENV\[|System\.getenv\()['\"]?(\w+)"
)
# pydantic's report: a field's path, then its message with the type of the error in brackets.
_FIELD = re.compile(r"^([A-Za-z_][\w.-]*)\n\s+(.{1,300}?)(?: \[?\(?type=([\w.]+))", re.MULTILINE)
_SETTINGS = re.compile(r"settings|config|env", re.IGNORECASE)
_PYDANTIC = re.compile(r"\d+ validation errors? for (\w+)")


def explain(trace: Trace) -> list[Said]:
    """What a trace says went wrong: the first cause of its chain that has a kind of its own."""
    for position, raised in enumerate(trace.chain):
        said_here = list(_special(raised)) or statements(raised.text, raised.line, traced=True)
        if found := [said for said in said_here if said.kind != "uncaught"]:
            return [_complete(said, raised, trace, trace.chain[position + 1 :]) for said in found]
    root = trace.chain[0]
    detail = next((line.strip() for line in root.message.split("\n") if line.strip()), "")[:LONGEST_DETAIL]
    text = quote(root.line, root.exception)
    return [
        Said("uncaught", text, root.line.number, exception=root.exception, where=trace.where, detail=detail)
    ]


def _complete(said: Said, raised: Raised, trace: Trace, outer: tuple[Raised, ...]) -> Said:
    """The statement with what the exceptions around its own add: clients name the address."""
    named = bool(said.host)
    for other in outer:
        again = next(
            (s for s in statements(other.text, other.line, traced=True) if s.kind == said.kind), None
        )
        if again is None or _differs(said, again):
            continue
        if again.host and not named:
            said = replace(said, text=again.text, line=again.line)
            named = True
        said = _filled(said, again)
    for other in outer:
        if not said.host:
            said = with_address(said, other.text)
    return replace(said, exception=raised.exception, where=trace.where)


def _filled(said: Said, other: Said) -> Said:
    empty = [f.name for f in fields(said) if getattr(said, f.name) in ("", None)]
    return replace(said, **{name: getattr(other, name) for name in empty})


def _differs(said: Said, other: Said) -> bool:
    names = ("variable", "host", "port", "file", "user", "database", "detail")
    pairs = [(getattr(said, name), getattr(other, name)) for name in names]
    return any(a != b for a, b in pairs if a not in ("", None) and b not in ("", None))


def _special(raised: Raised) -> Iterator[Said]:
    """What only the frames or the form of an exception tell."""
    inner = raised.frames[-1] if raised.frames else None
    source = next((frame.source for frame in reversed(raised.frames) if frame.own), "")
    variable = match.group(1) if (match := _ENVIRON.search(source)) else ""
    if raised.exception == "KeyError" and (variable or (inner and inner.path in ("<frozen os>", "os.py"))):
        yield _plain("variable-unset", raised, variable=raised.message.split("\n")[0].strip("'\""))
    elif variable and raised.exception == "ValueError":
        yield _plain("variable-invalid", raised, variable=variable, detail=raised.message)
    elif variable and raised.exception == "TypeError" and "None" in raised.message:
        yield _plain("variable-unset", raised, variable=variable)
    elif raised.exception == "PermissionError" and any(".bind(" in frame.source for frame in raised.frames):
        yield _plain("port-privileged", raised)
    elif raised.exception == "FileNotFoundError" and inner and inner.file == "subprocess.py":
        yield _plain("command-missing", raised, detail=raised.message.rpartition(": ")[2].strip("'\""))
    elif raised.exception == "ValidationError" and (model := _PYDANTIC.search(raised.message)):
        read = any("pydantic_settings/" in frame.path for frame in raised.frames)
        if read or _SETTINGS.search(model.group(1)):
            yield from _settings(raised, model.group(1))


def _settings(raised: Raised, model: str) -> Iterator[Said]:
    """One statement for each field of a settings class that the environment does not fill."""
    for match in _FIELD.finditer(raised.message):
        name, message, error = match.groups()
        kind: Kind = (
            "variable-unset" if error.startswith(("missing", "value_error.missing")) else "variable-invalid"
        )
        detail = f"field {name} of {model}" + ("" if kind == "variable-unset" else f": {message.strip()}")
        yield _plain(kind, raised, variable=name.replace(".", "__").upper(), detail=detail)


def _plain(kind: Kind, raised: Raised, *, variable: str = "", detail: str = "") -> Said:
    text = quote(raised.line, raised.exception)
    return Said(kind, text, raised.line.number, variable=variable, detail=detail[:LONGEST_DETAIL])
