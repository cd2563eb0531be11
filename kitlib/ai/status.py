"""Which models are set, for a person."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from kitlib.ai import records
from kitlib.ai.endpoints import HOW_TO_SET, Endpoint, endpoints
from kitlib.settings import Settings, get_settings
from kitlib.wording import counted


@dataclass(frozen=True)
class Status:
    """What is set.

    Args:
        models: the models, in the order in which they are asked.
        token_budget: the most tokens of a question.
        timeout: seconds for one model.
        hides_ips: whether IP addresses are hidden from models.
        answers, reports: how many are kept.
    """

    models: tuple[Endpoint, ...]
    token_budget: int
    timeout: float
    hides_ips: bool
    answers: int
    reports: int

    def lines(self) -> list[str]:
        """The status for a person."""
        if not self.models:
            return ["no model is set; diagnosis works without one", f"to set one: {HOW_TO_SET}"]
        lines = [f"{number}. {_told(model)}" for number, model in enumerate(self.models, 1)]
        hidden = (
            "and IP addresses" if self.hides_ips else "but no IP addresses (KIT_AI_REDACT_IPS=1 hides them)"
        )
        return [
            *lines,
            f"a question has at most {self.token_budget} tokens; an answer has {self.timeout:g} s",
            f"hidden from models: secrets, tokens, credentials, e-mail addresses {hidden}",
            f"kept: {counted(self.answers, 'answer')}, {counted(self.reports, 'report')} (kit ai last)",
        ]

    def json(self) -> str:
        """The status as JSON, without keys."""
        models = [
            {
                "model": item.model,
                "base_url": item.shown_url,
                "key_from": item.key_from,
                "trouble": item.trouble,
            }
            for item in self.models
        ]
        return json.dumps(asdict(self) | {"models": models}, indent=2)


def status(settings: Settings | None = None) -> Status:
    """What is set; nobody is asked."""
    settings = settings or get_settings()
    return Status(
        endpoints(settings),
        settings.ai_token_budget,
        settings.ai_timeout,
        settings.ai_redact_ips,
        *records.count(settings),
    )


def _told(model: Endpoint) -> str:
    key = model.trouble or f"key: {model.key_from}"
    price = "price not set" if model.cost(0, 0) is None else f"price {model.price_in:g}/{model.price_out:g}"
    clear = "" if model.encrypted else ", NOT ENCRYPTED"
    return f"{model}{clear} ({key}; {price})"
