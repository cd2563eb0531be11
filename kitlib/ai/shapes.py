"""What secrets, addresses and forged marks look like in a text of which nothing else is known.

Each shape is a pattern and the sort of what it finds. Where a pattern has a group `v`, that alone is the
value; the words around it stay, for they tell a reader what was there. The forms of tokens are those that
their issuers document, as GitHub's secret scanning lists them:
docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal

Sort = Literal["SECRET", "KEY", "TOKEN", "CREDENTIAL", "EMAIL", "IP", "MARK"]
Span = tuple[int, int, Sort]

_PEM_BODY = r"(?:\s|\\[nr])+[A-Za-z0-9+/=]{16,}"
_NAME = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|api[_.-]?key|apikey|auth[_.-]?key|"
    r"access[_.-]?key(?:[_.-]?id)?|account[_.-]?key|private[_.-]?key(?:[_.-]?id)?|signing[_.-]?key|"
    r"encryption[_.-]?key|secret[_.-]?key(?:[_.-]?base)?|client[_.-]?key[_.-]?data|session[_.-]?id|"
    r"connection[_.-]?string|kennwort|passwort|contraseña|пароль|密码)"
)
_QUOTE = r"\\*[\"'`]"
# A mark inside a value belongs to it, unless the next name and value follow.
_UNQUOTED = r"(?:[^\s\"'`,;&)\]}]|[,;&](?![\w.-]+[=:]|[\s\"'`]|$)|[)\]}\"'`](?=\w))+"
# What is said about a password rather than being one: the message would lose its meaning.
_SAID = (
    r"(?!(?:not|no|none|null|nil|is|was|has|must|invalid|incorrect|wrong|missing|empty|expired|required|true|"
    r"false|unset|undefined|mismatch|error|failed)(?![^\s,;.)\]}\"'`]))"
)

# What only names a value: ${PASSWORD}, $(cat file), {{ .Values.password }}; or an object that begins.
_TEMPLATE = r"(?!\$[({]|[{\[](?:[{\[\"'\s]|$))"

_SHAPES: tuple[tuple[Sort, str], ...] = (
    # RFC 7468; a block that was cut off, or whose line breaks are written as \n, is one too
    (
        "KEY",
        rf"-----BEGIN [A-Z0-9 ]+-----(?:(?:(?!-----BEGIN)[\s\S]){{0,20000}}?-----END [A-Z0-9 ]+-----"
        rf"|(?:{_PEM_BODY})*(?:(?:\s|\\[nr])+[A-Za-z0-9+/]+={{1,2}})?)",
    ),
    ("KEY", r"(?m)^[A-Za-z0-9+/]{60,76}={0,2}$"),  # a line from the middle of a block
    ("TOKEN", r"\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?"),  # RFC 7519
    ("TOKEN", r"(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z2-7]{16}(?![A-Z0-9])"),  # AWS
    ("TOKEN", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,})"),
    ("TOKEN", r"\bglpat-[\w-]{16,}"),  # GitLab
    ("TOKEN", r"\bxox[a-z]-[\w-]{8,}|\bxapp-[\w-]{10,}|hooks\.slack\.com/(?:services|workflows)/\S+"),
    ("TOKEN", r"\b[sr]k[-_](?:proj-|ant-|live_|test_|svcacct-|admin-)?[\w-]{16,}|\bwhsec_\w{16,}"),
    ("TOKEN", r"\bAIza[\w-]{30,}|\bya29\.[\w.-]{10,}|\bGOCSPX-[\w-]{10,}|\b1//0[\w-]{20,}"),  # Google
    ("TOKEN", r"\bnpm_[A-Za-z0-9]{30,}|\bpypi-[\w-]{20,}|\bhf_[A-Za-z0-9]{20,}|\bdop_v1_[0-9a-f]{32,}"),
    ("TOKEN", r"\bSG\.[\w-]{10,}\.[\w-]{10,}|\bhv[sbr]\.[\w-]{16,}|\b\d{8,10}:AA[\w-]{30,}"),
    # RFC 9110, 11.6.2; in a curl command, a dump of a dictionary or JSON the line goes on behind a quote
    (
        "CREDENTIAL",
        rf"(?i)\b(?:proxy-)?authorization{_QUOTE}?\s*[:=,]\s*{_QUOTE}?(?P<v>[^\s\"'`\\]+(?: [^\s\"'`\\,]+)?)",
    ),
    ("CREDENTIAL", r"\b(?i:bearer|basic)\s+(?=\S*[A-Z0-9=+/_])(?P<v>[\w.~+/-]{8,}=*)"),
    ("CREDENTIAL", rf"(?i)\b(?:set-)?cookie{_QUOTE}?\s*[:=]\s*(?P<v>[^\n\"'`]+)"),
    (
        "CREDENTIAL",
        rf"(?i)\bx-[\w-]{{0,60}}(?:key|token|secret|auth){_QUOTE}?\s*[:=]\s*{_QUOTE}?(?P<v>[^\s\"'`,]+)",
    ),
    # a password may hold @ and / where it should not: up to the last host and port, or within the authority
    ("CREDENTIAL", r"://(?P<v>(?:(?!://)[^\s'\"<>]){0,500})@(?=[\w.-]+:\d+(?:[/,?#\s'\"]|$))"),
    ("CREDENTIAL", r"://(?P<v>[^\s/'\"\[\]<>]{0,500})@(?=[\w\[])"),
    ("CREDENTIAL", r"://(?P<v>[^\s/@:'\"\[\]<>]{0,100}:(?!\d+/)[^\s'\"<>]{0,300}?)@(?=[\w\[])"),
    ("CREDENTIAL", r"(?i)%3A%2F%2F(?P<v>(?:(?!%40|%2F)[^\s&])+)%40"),  # a URL inside a URL
    ("CREDENTIAL", r"(?i)\bjdbc:oracle:\w+:(?P<v>[^\s@/]+/[^\s@]+)@"),
    ("CREDENTIAL", r"(?i)[?&;](?:sig|signature|x-amz-(?:signature|credential)|code|key)=(?P<v>[^\s&\"']+)"),
    (
        "CREDENTIAL",
        rf"(?i)(?<!existing){_NAME}{_QUOTE}?[^\S\n]*(?:[:=]|=>|:=)+[^\S\n]*{_SAID}{_TEMPLATE}"
        rf"(?:(?P<q>{_QUOTE})(?P<v>.*?)(?P=q)|(?P<v2>{_UNQUOTED}))",
    ),
    ("CREDENTIAL", rf"(?i)(?<![\w-])--?[\w-]{{0,60}}{_NAME}\s+{_SAID}{_QUOTE}?(?P<v>[^\s\"'`-][^\s\"'`]*)"),
    # a container's arguments and variables, as JSON, YAML, and in a dump of Go
    ("CREDENTIAL", rf"(?i)(?<![\w-])--?[\w-]{{0,60}}{_NAME}{_QUOTE}\s*,\s*{_QUOTE}(?P<v>[^\"'`\\]+)"),
    (
        "CREDENTIAL",
        rf"(?i)\bname{_QUOTE}?\s*[:=]\s*{_QUOTE}?[\w.-]{{0,80}}{_NAME}{_QUOTE}?[\s,]{{0,20}}{_QUOTE}?value{_QUOTE}?\s*[:=]"
        rf"\s*(?:(?P<q>{_QUOTE})(?P<v>.*?)(?P=q)|(?P<v2>{_UNQUOTED}))",
    ),
    ("CREDENTIAL", rf"(?i){_NAME}\s+(?:is|was|to)\s+(?P<q>{_QUOTE})(?P<v>[^\"'`\s]+)(?P=q)"),
    ("CREDENTIAL", r"(?i)pass(?:word|wd|phrase)\s+(?P<q>[\"'`])(?P<v>[^\"'`\s]+)(?P=q)"),
    ("CREDENTIAL", r"(?i)\bidentified\s+(?:with\s+\S+\s+)?by\s+['\"](?P<v>[^'\"]+)"),  # MySQL
    ("CREDENTIAL", r"(?i)\b(?:requirepass|masterauth|sshpass\s+-p)\s+[\"']?(?P<v>[^\s\"']+)"),
    ("CREDENTIAL", r"(?i)\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;]{0,200}?\s-p(?P<v>[^\s\"']+)"),
    ("CREDENTIAL", r"(?i)\bcurl\b[^\n|;]{0,200}?\s(?:-u|--user)[ =]?[\"']?(?P<v>[^\s\"':]+:[^\s\"']+)"),
    ("CREDENTIAL", rf"(?i)\"(?:auth|identitytoken|registrytoken){_QUOTE}\s*:\s*{_QUOTE}(?P<v>[^\"'\\]+)"),
    # RFC 5321, 4.5.3.1: 64 characters before the @; RFC 1035: 63 in a label
    ("EMAIL", r"[\w.!#$&'*+/?^`{|}~-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){0,10}\.[^\W\d_]{2,}"),
)
_PATTERNS = tuple((sort, re.compile(pattern)) for sort, pattern in _SHAPES)

# Found in folded text only. A forged boundary or chat marker need not be exact to mislead a model, and some
# servers read markers in a message as their own: huggingface.co/docs/transformers/chat_templating
_GAP = r"[^a-z0-9\n]"
MARKS = re.compile(
    rf"(?i)(?:<\s*/?\s*|\[\s*/?\s*)?(?:begin|end|start|close|stop)s?{_GAP}{{0,6}}(?:(?:of|the){_GAP}{{1,4}})*"
    r"evidence[^\w\n]{0,3}"
    r"|evidence\s*[:#=_-][^\n|]{0,60}?(?:begin|end)s?[^\w\n]{0,4}"
    rf"|evidence{_GAP}{{1,6}}(?:begins?|ends?|closed|over)\b[^\w\n]{{0,4}}"
    r"|</?\s*evidence\b[^>\n]{0,60}>?"
    r"|<{3,}|>{3,}"
    r"|<\|[^|\n>]{0,40}\|?>|<\s*/?\s*(?:start|end)_of_turn\s*>|\[\s*/?\s*INST\s*\]|<<\s*/?\s*SYS\s*>>"
    r"|<\s*/?\s*(?:s|bos|eos|system|assistant|user|developer|think|tool_call)\s*>"
    r"|<\s*(?:SECRET|KEY|TOKEN|CREDENTIAL|EMAIL|IP)\s*[-_]\s*[0-9a-f]*\s*>?"
)
_END = re.compile(r"-----END [A-Z0-9 ]+-----")
_BODY_BACKWARDS = re.compile(r"(?:\s|[nr]\\)*([A-Za-z0-9+/=]+)")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_OPAQUE = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}")
_IP = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)(?![\w])")
# Bits per character; paths and names of classes stay below, random keys in base64 are above.
_RANDOM = 4.0


def spans(text: str, *, ips: bool) -> Iterator[Span]:
    """Where a secret, a token or an address stands; spans may overlap.

    Args:
        text: one or more lines.
        ips: find IP addresses too, apart from those that only name this host (`127.0.0.1`, `::`).
    """
    yield from _shaped(text)
    yield from _ends_of_keys(text)
    yield from _encoded(text)
    for match in _OPAQUE.finditer(text):
        if _is_random(match.group()):
            yield (*match.span(), "TOKEN")
    if ips:
        for match in _IP.finditer(text):
            if _is_ip(match.group().rstrip(":.")):
                yield match.start(), match.start() + len(match.group().rstrip(":.")), "IP"


def _shaped(text: str) -> Iterator[Span]:
    for sort, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            groups = pattern.groupindex
            for name in ("v", "v2") if "v" in groups else ():
                if name in groups and match.group(name):
                    yield (*match.span(name), sort)
            if "v" not in groups:
                yield (*match.span(), sort)


def _ends_of_keys(text: str) -> Iterator[Span]:
    """The end of a PEM block, and the lines before it: its head may be missing."""
    for match in _END.finditer(text):
        before = text[max(0, match.start() - 20_000) : match.start()][::-1]
        size = 0
        while line := _BODY_BACKWARDS.match(before, size):
            if len(line.group(1)) < 16 and size:
                break  # only the last line may be short
            size = line.end()
        yield match.start() - size, match.end(), "KEY"


def _encoded(text: str) -> Iterator[Span]:
    """Base64 of a text that itself holds something."""
    for match in _BASE64.finditer(text):
        raw = match.group().rstrip("=").replace("-", "+").replace("_", "/")
        try:
            inner = base64.b64decode(raw + "=" * (-len(raw) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        if inner.isprintable() or "\n" in inner:
            sorts = {sort for _, _, sort in _shaped(inner)}
            if sorts:
                yield (*match.span(), "EMAIL" if sorts == {"EMAIL"} else "CREDENTIAL")


def _is_random(text: str) -> bool:
    kinds = (str.isupper, str.islower, str.isdigit)
    if any(sum(map(kind, text)) < 3 for kind in kinds):
        return False
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) > _RANDOM


def _is_ip(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)
