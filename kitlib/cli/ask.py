"""`kit ask`: say it in plain language, or as a kubectl line; nothing is changed without a yes."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING

import click
import typer

if TYPE_CHECKING:
    from kitlib.asking.answering import Verdict
    from kitlib.asking.locating import Question
    from kitlib.asking.proposing import Proposal


class Mode(StrEnum):
    """What may be done."""

    suggest = "suggest"
    read_only = "read-only"
    confirm = "confirm"


class Format(StrEnum):
    """How the answer is shown."""

    table = "table"
    json = "json"


def ask(
    text: list[str] = typer.Argument(None, help="What you want, in plain language or as a kubectl line."),
    namespace: str = typer.Option("", "--namespace", "-n", help="Where it is about, when it does not say."),
    mode: Mode = typer.Option(
        Mode.confirm, "--mode", help="suggest: run nothing; read-only: refuse changes."
    ),
    form: Format = typer.Option(Format.table, "--format", help="How to show it."),
    approve: str = typer.Option("", "--approve", help="The hash of the plan that you approve."),
    no_model: bool = typer.Option(False, "--no-model", help="Ask no model; the grammar alone."),
    show_grammar: bool = typer.Option(False, "--grammar", help="Show what is understood without a model."),
    context: str | None = typer.Option(None, "--context", help="A context of your own kubeconfig."),
    wait: float = typer.Option(180.0, "--wait", min=0, help="Seconds to wait for each rollout; 0: don't."),
) -> None:
    """Read at once, change only what you approve. Exit code 2: not clear, 4: not approved, 5: not ready."""
    from rich.console import Console

    from kitlib.asking import ask as answer
    from kitlib.asking import grammar
    from kitlib.cluster.connect import connect
    from kitlib.errors import UsageError

    if show_grammar:
        typer.echo(
            "\n".join([str(grammar.__doc__), "Examples:", *(f"  {item}" for item in grammar.EXAMPLES)])
        )
        return
    if not text:
        raise UsageError("nothing is asked for", fix='kit ask "show unhealthy pods", or kit ask --grammar')
    asks = sys.stdin.isatty() and form is Format.table and not approve
    found = answer(
        " ".join(text),
        None if mode is Mode.suggest else connect(context),
        namespace=namespace,
        mode=mode.value,
        model=not no_model,
        decide=_decide if asks else None,
        approve=approve,
        wait_seconds=wait,
    )
    while asks and found.question and found.question.options:
        chosen = _choose(found.question)
        found = answer(chosen, connect(context), decide=_decide, wait_seconds=wait, mode=mode.value)
    typer.echo(found.json()) if form is Format.json else Console().print(found)
    raise typer.Exit(found.exit_code)


def _choose(question: Question) -> str:
    """One of the options, by its number."""
    typer.echo(question.text)
    for number, option in enumerate(question.options, 1):
        typer.echo(f"  {number}. {option}")
    chosen: int = typer.prompt("Which", type=click.IntRange(1, len(question.options)))
    return question.options[chosen - 1]


def _decide(proposal: Proposal) -> Verdict:
    """Yes, edit or no; whatever else is typed, and silence, is a no."""
    from kitlib.asking.answering import Verdict

    typer.echo("\n".join(proposal.lines()))
    said = typer.prompt("Do this? [y]es, [e]dit, [N]o", default="n", show_default=False).strip().lower()
    if said in ("e", "edit"):
        first = next(line for request in proposal.requests for line in request.lines())
        return Verdict("edit", typer.prompt("kubectl line", default=first))
    return Verdict("yes" if said in ("y", "yes") else "no")
