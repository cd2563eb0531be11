"""Which models may be asked, in which order, from the settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kitlib.redaction import mask_urls, remember_value
from kitlib.settings import AiEndpoint, Settings

SHORTEST_KEY = 12
OPENAI = "https://api.openai.com/v1"
HOW_TO_SET = (
    "set KIT_AI_BASE_URL, KIT_AI_MODEL and, where the server wants one, KIT_AI_KEY; or write a table [[ai]] "
    "with base_url, model and key_env into kit.toml"
)


@dataclass(frozen=True)
class Endpoint:
    """A model on a server.

    Args:
        base_url: the server's address up to and with `/v1`.
        model: the model's name there.
        key: what it is asked with; empty: the server wants none.
        key_from: where the key comes from, for a person.
        trouble: why it can't be asked, in one sentence; empty: it can.
        price_in, price_out: per million tokens; None: not known.
    """

    base_url: str
    model: str
    key: str = field(default="", repr=False)
    key_from: str = "no key"
    trouble: str = ""
    price_in: float | None = None
    price_out: float | None = None

    def __str__(self) -> str:
        return f"{self.model} at {self.shown_url}"

    @property
    def shown_url(self) -> str:
        """The address without credentials in it."""
        return mask_urls(self.base_url)

    @property
    def encrypted(self) -> bool:
        """Whether what is sent is encrypted on its way, or does not leave this machine."""
        url = urlsplit(self.base_url)
        return url.scheme == "https" or url.hostname in ("localhost", "127.0.0.1", "::1")

    def cost(self, tokens_in: int | None, tokens_out: int | None) -> float | None:
        """What so many tokens cost; None when a price or a count is not known."""
        if self.price_in is None or self.price_out is None or tokens_in is None or tokens_out is None:
            return None
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1_000_000


def endpoints(settings: Settings) -> tuple[Endpoint, ...]:
    """The models to ask, first one first; empty when none is set.

    OPENAI_API_KEY alone sets none: whoever wants data of a cluster to go out says so with a model's name.
    Keys are remembered as secret values, so that they stand in no text; short ones are words such as `none`,
    which local servers take.
    """
    found = [_from_variables(settings)] if settings.ai_model else []
    found += [_from_table(table) for table in settings.ai]
    for endpoint in found:
        if len(endpoint.key) >= SHORTEST_KEY:
            remember_value(endpoint.key)
    return tuple(found)


def _from_variables(settings: Settings) -> Endpoint:
    key, key_from = "", "no key"
    if settings.ai_key:
        key, key_from = settings.ai_key.get_secret_value(), "KIT_AI_KEY"
    elif os.environ.get("OPENAI_API_KEY"):
        key, key_from = os.environ["OPENAI_API_KEY"], "OPENAI_API_KEY"
    table = AiEndpoint(
        base_url=settings.ai_base_url or OPENAI,
        model=settings.ai_model,
        price_in=settings.ai_price_in,
        price_out=settings.ai_price_out,
    )
    return _endpoint(table, key, key_from)


def _from_table(table: AiEndpoint) -> Endpoint:
    if table.key_env:
        return _endpoint(table, os.environ.get(table.key_env, ""), table.key_env)
    if table.key:
        return _endpoint(table, table.key.get_secret_value(), "kit.toml")
    return _endpoint(table, "", "no key")


def _endpoint(table: AiEndpoint, key: str, key_from: str) -> Endpoint:
    key, trouble = key.strip(), ""  # a key that was read from a file often ends in a line break
    if table.key_env and not key:
        trouble = f"{table.key_env}, which should hold its key, is not set"
    elif not key.isascii() or not key.isprintable():
        key, trouble = "", f"its key, from {key_from}, has characters that no key has"
    return Endpoint(table.base_url, table.model, key, key_from, trouble, table.price_in, table.price_out)
