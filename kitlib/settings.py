"""One typed Settings: defaults, then kit.toml, then KIT_* environment variables, then the command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_cache_path, user_state_path
from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from kitlib.errors import SettingsError

_OPEN = ("base_url", "model", "key_env", "price_in", "price_out")  # of an endpoint, what a message may show
# Fields that are a secret, or may hold one.
_SECRET = ("ai", "ai_key", "slack_webhook", "slack_on_call", "slack_team_lead")
ProviderName = Literal["kind", "embedded", "current", "minikube"]


class Unattended(BaseModel):
    """A policy: this runbook needs no person's approval here.

    Args:
        runbook: its name.
        namespaces, contexts: shell patterns such as `dev-*`, any of which must fit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    runbook: str
    namespaces: tuple[str, ...] = Field(min_length=1)
    contexts: tuple[str, ...] = Field(min_length=1)


class Silence(BaseModel):
    """A cause that is known, and not reported until a day.

    Args:
        key: the fault's key, as `kit diagnose` shows it; or
        rule, object: the rule's id and a shell pattern of the object, such as `Deployment/legacy-* -n shop`.
        reason: why it is left as it is.
        until: the last day it is silent.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = ""
    rule: str = ""
    object: str = "*"
    reason: str = Field(min_length=5)
    until: date

    @model_validator(mode="after")
    def _names_something(self) -> Silence:
        if not self.key and not self.rule:
            raise ValueError("a silence names a key or a rule")
        return self


def _address(text: str) -> str:
    """The text as it was given, if it is an address: pydantic's own type would add a slash."""
    TypeAdapter(AnyHttpUrl).validate_python(text)
    return text


Address = Annotated[str, AfterValidator(_address)]


def _secret_address(secret: SecretStr) -> SecretStr:
    """The same, of an address that is itself a credential."""
    _address(secret.get_secret_value())
    return secret


SecretAddress = Annotated[SecretStr, AfterValidator(_secret_address)]


class AiEndpoint(BaseModel):
    """A table [[ai]] of kit.toml: a server that speaks OpenAI's chat completions.

    Args:
        base_url: its address up to and with `/v1`.
        model: the model's name there.
        key_env: the name of the environment variable that holds the key; none: `key`, or no key.
        key: the key itself.
        price_in, price_out: per million tokens, in whatever currency you count.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Address
    model: str = Field(min_length=1)
    key_env: str = ""
    key: SecretStr | None = None
    price_in: float | None = Field(default=None, ge=0)
    price_out: float | None = Field(default=None, ge=0)


class Settings(BaseSettings):
    """What kit can be told; each field is also an environment variable KIT_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="KIT_", toml_file="kit.toml", extra="forbid", frozen=True)

    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("kit"), description="Executables that kit built."
    )
    state_dir: Path = Field(
        default_factory=lambda: user_state_path("kit"), description="Which clusters kit made, and their keys."
    )
    runs_dir: Path = Field(default=Path("runs"), description="Where runbook records are written.")
    cluster: str = Field(
        default="kit", pattern=r"^[a-z0-9][a-z0-9-]{0,30}$", description="The cluster's name."
    )
    provider: ProviderName | None = Field(
        default=None, description="Who makes the cluster; none: kind, or embedded where Docker is absent."
    )
    context: str | None = Field(
        default=None,
        description="A context of your own kubeconfig to work on, instead of kit's cluster; in-cluster: the "
        "cluster that the pod runs in.",
    )
    context_name: str = Field(
        default="", description="With context in-cluster: what the context is called; none: in-cluster."
    )
    server_name: str = Field(
        default="",
        description="With context in-cluster: what plans, records and the audit call the API server; none: "
        "its address.",
    )
    namespace: str = Field(default="todo-app", description="Where the application is installed.")
    lesson_namespace: str = Field(
        default="", description="The namespace of all lessons; none: each has its own, such as lesson-03."
    )
    registry: Literal["auto", "online", "offline"] = Field(
        default="auto", description="Whether images are pulled, or built here; auto asks the registry."
    )
    runner_namespace: str = Field(
        default="kit-runs", description="Where runs in the cluster are, and their records."
    )
    runner_image: str | None = Field(
        default=None, description="The image of runs in the cluster; none: built here, and loaded into kit's."
    )
    runner_records: str = Field(
        default="",
        description="Where records of runs in the cluster are: s3://BUCKET/PREFIX; none: on a volume there.",
    )
    runner_secret: str = Field(
        default="kit-runs-s3",
        description="With an S3-compatible store: the Secret, where runs are, with AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY.",
    )
    s3_endpoint: str = Field(
        default="https://s3.amazonaws.com", description="The S3-compatible store, from here and from there."
    )
    unattended: tuple[Unattended, ...] = Field(
        default=(), description="Runbooks that need no approval, each with namespaces and contexts."
    )
    silences: tuple[Silence, ...] = Field(
        default=(), description="Root causes that are known and not reported, each with a reason and an end."
    )
    ai: tuple[AiEndpoint, ...] = Field(
        default=(), description="Servers of language models, tried in this order after ai_base_url."
    )
    ai_base_url: Address | Literal[""] = Field(default="", description="A model's server; none: OpenAI's.")
    ai_model: str = Field(default="", description="The model there; none: only the servers of `ai`, if any.")
    ai_key: SecretStr | None = Field(default=None, description="Its key; none: OPENAI_API_KEY, or no key.")
    ai_price_in: float | None = Field(default=None, ge=0, description="Per million tokens that are sent.")
    ai_price_out: float | None = Field(default=None, ge=0, description="Per million tokens of the answer.")
    ai_token_budget: int = Field(
        default=6000, ge=500, description="The most tokens that one question to a model has, estimated."
    )
    ai_answer_tokens: int = Field(default=1200, ge=100, description="The most tokens that an answer has.")
    ai_timeout: float = Field(
        default=60.0, gt=0, description="Seconds for one server's answer, all its retries included."
    )
    ai_redact_ips: bool = Field(default=False, description="Hide IP addresses from models too.")
    prometheus_url: Address | Literal[""] = Field(
        default="",
        description="Prometheus, for the agent's conditions on error rates; none: no such fires.",
    )
    slack_webhook: SecretAddress | None = Field(
        default=None, description="The agent's Slack webhook for the channel of its AgentConfig."
    )
    slack_on_call: SecretAddress | None = Field(
        default=None, description="The webhook of whoever is on call; none: the channel's."
    )
    slack_team_lead: SecretAddress | None = Field(
        default=None, description="The webhook of the team lead; none: the channel's."
    )
    go_cache_dir: Path | None = Field(
        default=None, description="Keep Go's caches here; none: temporary, removed after each build."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order of precedence, highest first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


@lru_cache
def get_settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        SettingsError: a value cannot be used; names the field, what was found and what was expected.
    """
    return load_settings()


def load_settings(**overrides: Any) -> Settings:
    """Read the settings anew; `overrides` stand above every other source.

    Raises:
        SettingsError: as `get_settings`.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: found {_shown(item)}, {item['msg']}"
            for item in error.errors()
        )
        raise SettingsError(f"settings: {problems}", fix="see kit.toml and the KIT_* variables") from None


def _shown(problem: Mapping[str, Any]) -> str:
    """What was found, unless it is, or may hold, a secret."""
    name, found = str(problem["loc"][-1]), problem.get("input")
    open_text = name in _OPEN and isinstance(found, str)
    may_hold_key = problem["loc"][0] in _SECRET and not isinstance(found, int | float)
    return "a value that is not shown" if may_hold_key and not open_text else repr(found)
