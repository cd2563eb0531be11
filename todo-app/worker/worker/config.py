"""The configuration: environment variables and nothing else."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError


class ConfigError(Exception):
    """An environment variable is missing or cannot be used; the message never holds its value."""


class Settings(BaseSettings):
    """One field per environment variable, of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True)

    database_url: SecretStr
    redis_url: SecretStr = SecretStr("redis://localhost:6379/0")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    reminder_interval_seconds: Annotated[float, Field(gt=0, le=86400)] = 10
    reminder_webhook_url: SecretStr | None = None  # such addresses often hold a token

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr) -> SecretStr:
        to_sqlalchemy(value.get_secret_value())
        return value

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://")):
            raise ValueError("must start with redis:// or rediss://")
        return value

    @field_validator("reminder_webhook_url")
    @classmethod
    def _is_http(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value

    @cached_property
    def database(self) -> URL:
        """DATABASE_URL for SQLAlchemy, with the psycopg 3 driver; its repr hides the password."""
        return to_sqlalchemy(self.database_url.get_secret_value())


def to_sqlalchemy(url: str) -> URL:
    """Map postgresql:// (and the older postgres://) to SQLAlchemy's psycopg 3 dialect.

    Raises:
        ValueError: not a PostgreSQL URL with a host and a database; the text does not repeat the URL.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("is not a URL like postgresql://user:password@host:5432/name") from None
    if parsed.drivername not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ValueError("must start with postgresql://")
    if not parsed.host or not parsed.database:
        raise ValueError("must name a host and a database")
    return parsed.set(drivername="postgresql+psycopg")


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        ConfigError: names each variable that is missing or wrong, and why, without its value.
    """
    try:
        return Settings()  # type: ignore[call-arg]  # the environment supplies the fields
    except ValidationError as error:
        problems = [f"{str(e['loc'][0]).upper()}: {_reason(e['type'], e['msg'])}" for e in error.errors()]
        raise ConfigError("; ".join(problems)) from None


def _reason(kind: str, message: str) -> str:
    return "is required and not set" if kind == "missing" else message.removeprefix("Value error, ")
