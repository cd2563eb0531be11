"""The parts of a stack trace, whatever language wrote it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kitlib.diagnosis.logs.reading import Line

# Paths and names of what a program did not write itself: standard libraries and packages.
_LIBRARY = re.compile(
    r"site-packages/|dist-packages/|/lib/python\d|<frozen |<string>|<attrs|/bin/|"
    r"node_modules/|^node:|^internal/|<anonymous>|"
    r"^/usr/(?:local/)?(?:go|lib|share)/|/pkg/mod/|@v\d|/gems/|/ruby/\d|/vendor/|/rustc/|/\.cargo/|^/rustc|"
    r"^(?:java|javax|jdk|sun|com\.sun|kotlin|kotlinx|scala|jakarta|org\.(?:springframework|apache|hibernate|"
    r"postgresql|"
    r"eclipse|jboss|slf4j|flywaydb|aopalliance|h2|glassfish|gradle|reactivestreams)|com\.(?:zaxxer|mysql|"
    r"fasterxml|google|"
    r"mongodb|rabbitmq|netflix)|ch\.qos|io\.(?:netty|lettuce|micrometer|grpc|quarkus|micronaut|vertx)|"
    r"redis\.clients|"
    r"reactor|System|Microsoft|Npgsql|StackExchange|lambda)\.|^[\w.]+/(?:java|sun|jdk|com\.sun)\."
)
_GO_STANDARD = re.compile(
    r"^[a-z0-9]+(?:/[a-z0-9_]+)*/\w+\.go$"
)  # net/http/server.go: no dot in the first part


@dataclass(frozen=True)
class Frame:
    """One call in a trace.

    Args:
        path: of the source file; for Java the class and method, which tell the package.
        file: the source file's name.
        line: in it; 0: unknown.
        function: what was called; empty: unknown.
        source: the source line, where the trace shows it.
    """

    path: str
    file: str
    line: int
    function: str = ""
    source: str = ""

    @property
    def own(self) -> bool:
        """Whether the program's own code is running here."""
        return not (_LIBRARY.search(self.path) or _GO_STANDARD.match(self.path))

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f" in {self.function}" if self.function else "")


@dataclass(frozen=True)
class Raised:
    """One exception of a chain.

    Args:
        exception: its class, without package; `panic` in Go and Rust.
        message: what it says; more lines where it has them.
        line: where that is read.
        frames: innermost last.
    """

    exception: str
    message: str
    line: Line
    frames: tuple[Frame, ...] = ()

    @property
    def text(self) -> str:
        """Exception and message, as a log would show them."""
        return f"{self.exception}: {self.message}" if self.message else self.exception

    @property
    def where(self) -> str:
        """The deepest frame of the program's own code; empty: there is none."""
        return next((str(frame) for frame in reversed(self.frames) if frame.own), "")


@dataclass(frozen=True)
class Trace:
    """A stack trace.

    Args:
        start: index of its first line.
        end: index after its last line.
        chain: what was raised, the first cause first.
    """

    start: int
    end: int
    chain: tuple[Raised, ...]

    @property
    def where(self) -> str:
        """The deepest frame of the program's own code, of the cause nearest to the root that has one."""
        return next((raised.where for raised in self.chain if raised.where), "")


def short(name: str) -> str:
    """A class name without its package."""
    return re.split(r"[.\\:$]", name)[-1] or name


def base(path: str) -> str:
    """A file's name without its directory."""
    return re.split(r"[/\\]", path)[-1]
