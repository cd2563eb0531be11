"""What a model said about a workload, checked; or why it said nothing that holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kitlib.ai.question import Line

if TYPE_CHECKING:
    from rich.table import Table

Verdict = Literal["cause", "insufficient-evidence"]
Trouble = Literal[
    "no-model",
    "unreachable",
    "slow",
    "refused",
    "quota",
    "server-error",
    "wrong-schema",
    "wrong-citation",
    "withheld",
]


@dataclass(frozen=True)
class Problem:
    """Why there is no answer that holds; the diagnosis of the rules stands without it.

    Args:
        kind: the sort of trouble.
        message: what happened, in one sentence or one for each model that was asked.
        fix: what to do next; empty: nothing is known.
    """

    kind: Trouble
    message: str
    fix: str = ""

    def __str__(self) -> str:
        return self.message + (f"\n  fix: {self.fix}" if self.fix else "")


@dataclass(frozen=True)
class Claim:
    """One statement of a model, and the numbers of the evidence lines that it rests on; all of them exist."""

    text: str
    citations: tuple[int, ...]


@dataclass(frozen=True)
class Proposal:
    """An action that a model proposes; a value that nothing here acts on.

    Args:
        action: one of those that the question allowed.
        target: one of the objects that the question named.
    """

    action: str
    target: str

    def __str__(self) -> str:
        return f"{self.action} {self.target}"


@dataclass(frozen=True)
class Usage:
    """What an answer took.

    Args:
        tokens_in, tokens_out: as the server counts them; None: it does not say.
        cost: in the currency of the settings' prices; None: a price or a count is not known.
    """

    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None

    def __str__(self) -> str:
        if self.tokens_in is None or self.tokens_out is None:
            return "the server does not say how many tokens it took"
        cost = "price not set" if self.cost is None else f"cost {self.cost:.6f}"
        return f"{self.tokens_in} tokens in, {self.tokens_out} out, {cost}"


@dataclass(frozen=True)
class Answer:
    """What a model said.

    Args:
        subject: the workload.
        verdict: whether the model names a cause; `insufficient-evidence` also when there is a problem.
        cause: in the model's words; empty without one.
        claims: what it rests on; only those whose citations hold.
        confidence: low, medium or high, as the model says; empty without an answer.
        proposals: actions for a person to decide on.
        evidence: the lines that were sent, with addresses put back and secrets hidden.
        problem: what went wrong; None: nothing.
        dropped: claims, citations and actions that did not hold, one sentence each.
        dropped_claims: how many claims are among them.
        model: the model and its server; empty when none answered.
        usage: what it took.
        cached: the answer was given before, to the same question; nothing was sent.
        cut: how many lines of evidence were left out.
        redacted: how many values were hidden, by sort.
        failed: what happened with models that were asked before this one, one sentence each.
    """

    subject: str
    verdict: Verdict = "insufficient-evidence"
    cause: str = ""
    claims: tuple[Claim, ...] = ()
    confidence: str = ""
    proposals: tuple[Proposal, ...] = ()
    evidence: tuple[Line, ...] = field(default=(), repr=False)
    problem: Problem | None = None
    dropped: tuple[str, ...] = ()
    dropped_claims: int = 0
    model: str = ""
    usage: Usage = Usage()
    cached: bool = False
    cut: int = 0
    redacted: Mapping[str, int] = field(default_factory=dict)
    failed: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One sentence."""
        if self.problem:
            return f"{self.subject}: no answer of a model: {self.problem.message}"
        if self.verdict == "cause":
            return f"{self.subject}: {self.cause} (a model says so, confidence {self.confidence})"
        return f"{self.subject}: the model finds too little evidence for a cause"

    def line(self, number: int) -> Line:
        """The evidence line that a citation names."""
        return self.evidence[number - 1]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    def table(self) -> Table:
        """The answer for a terminal; print it with rich."""
        from kitlib.ai.rendering import table

        return table(self)

    def __repr__(self) -> str:
        return f"<Answer: {self.summary}>"

    def _repr_html_(self) -> str:
        from kitlib.ai.rendering import page

        return page(self)
