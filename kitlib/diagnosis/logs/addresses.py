"""Which host and port a text speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kitlib.diagnosis.environment import DEFAULT_PORTS

Address = tuple[str, int | None]
NOWHERE: Address = ("", None)

_NAME = r"[A-Za-z0-9](?:[\w.-]{0,250}[A-Za-z0-9])?|\[[0-9a-fA-F:.]{2,45}\]"
_URL = re.compile(rf"\b([a-z][a-z0-9+.-]{{1,30}})://(?:[^\s/@'\"]{{0,200}}@)?({_NAME})(?::(\d{{1,5}}))?")
# A manual that an error message points to is not where the program wanted to go.
_MANUAL = re.compile(
    r"(?:see|visit|information|background on this error at|docs?|help|check|here|page)\b[^/]{0,20}$", re.I
)
_FORMS = [
    re.compile(form)
    for form in (
        rf"at \"(?P<host>{_NAME})\"(?: \([^)]{{1,60}}\))?, port (?P<port>\d{{1,5}})",  # libpq
        rf"\('(?P<host>{_NAME})', (?P<port>\d{{1,5}})",  # a Python socket address
        rf"\bhost(?:name)?(?:=|['\"]?: ?(?=['\"]))['\"]?(?P<host>{_NAME})['\"]?"
        r"(?:[ ,]{1,2}['\"]?port['\"]?[=:] ?['\"]?(?P<port>\d{1,5}))?",
        rf"\bipv[46]:(?P<host>{_NAME}):(?P<port>\d{{1,5}})",  # gRPC
        rf"\bto (?P<host>{_NAME}) \([\d.]{{7,15}}\):? port (?P<port>\d{{1,5}})",  # netcat
        rf"\baddress: '(?P<host>{_NAME})',? ?(?:port: (?P<port>\d{{1,5}}))?",  # Node.js
        rf"\b(?P<host>{_NAME})/(?:<unresolved>|[\d.]{{7,15}}):(?P<port>\d{{1,5}})",  # Java
        rf"\b(?P<host>{_NAME}) port (?P<port>\d{{1,5}})",  # curl
        rf"server on '(?P<host>{_NAME})(?::(?P<port>\d{{1,5}}))?'",  # MySQL
        rf"(?<![\w/.:-])(?P<host>{_NAME}):(?P<port>\d{{2,5}})(?![\d:.]*\w)",
    )
]
_SOURCE = re.compile(
    r"\.(?:py|m?js|cjs|tsx?|jsx|go|java|kt|rb|rs|c|cc|cpp|h|cs|php|scala|ex|conf|ya?ml|json|sh|lua)$"
)
_IP = re.compile(r"^\[|^\d+\.\d+\.\d+\.\d+$")
_LABELS = {"pid", "tid", "uid", "gid", "id", "code", "line", "errno", "status", "version", "port", "error"}
_DNS = 53


def address(text: str) -> Address:
    """The host and port that a text names; a name goes before a number, for a manifest holds names."""
    found = [item for item in _addresses(text) if item[1] != _DNS]
    names = [item for item in found if not _IP.search(item[0])]
    best = next((item for item in [*names, *found] if item[1] is not None), None)
    return best or next(iter([*names, *found]), NOWHERE)


def is_port(text: str | None) -> bool:
    """Whether a text is the number of a port."""
    return bool(text) and str(text).isdigit() and 0 < int(str(text)) < 65536


def _addresses(text: str) -> Iterator[Address]:
    rest = text
    for match in _URL.finditer(text):
        scheme, host, port = match.groups()
        rest = rest.replace(match.group(), " ", 1)
        if not _MANUAL.search(text[max(0, match.start() - 60) : match.start()]):
            known = DEFAULT_PORTS.get(scheme.split("+")[0])
            yield host, int(port) if is_port(port) else known
    for form in _FORMS:
        for match in form.finditer(rest):
            host, port = match.group("host"), match.group("port")
            if _is_host(host) and (port is None or is_port(port)):
                yield host, int(port) if port else None


def _is_host(text: str) -> bool:
    number = text.replace(".", "").isdigit()
    return text.lower() not in _LABELS and not _SOURCE.search(text) and (not number or bool(_IP.search(text)))
