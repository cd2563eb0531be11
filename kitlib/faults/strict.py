"""The base of what a fault's file is made of: no unknown fields, and choices of exactly one."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Strict(BaseModel):
    """A mapping whose fields are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OneOf(Strict):
    """A mapping in which exactly one field is given."""

    @model_validator(mode="after")
    def _one(self) -> OneOf:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"found {', '.join(given) or 'nothing'}, expected exactly one of {self._names()}"
            )
        return self

    @property
    def chosen(self) -> Any:
        """The value of the field that is given."""
        return next(v for name in type(self).model_fields if (v := getattr(self, name)) is not None)

    @classmethod
    def _names(cls) -> str:
        return ", ".join(cls.model_fields)
