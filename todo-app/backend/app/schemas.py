"""What clients send and get."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints, field_validator

from app.models import TITLE_LENGTH


def _no_control_characters(title: str) -> str:
    if not title.isprintable():  # PostgreSQL stores no NUL; a line break has no place in a title
        raise ValueError("must hold printable characters only")
    return title


Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_LENGTH),
    AfterValidator(_no_control_characters),
]


class TodoCreate(BaseModel):
    """A new todo; `due_at` must say its time zone."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    done: bool = False
    due_at: AwareDatetime | None = None


class TodoUpdate(BaseModel):
    """The fields to change; those left out stay, and `due_at: null` removes the due date."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    done: bool | None = None
    due_at: AwareDatetime | None = None

    @field_validator("title", "done")
    @classmethod
    def _not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("may be left out but not null")
        return value


class TodoOut(BaseModel):
    """A todo as stored."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    done: bool
    due_at: datetime | None
    reminded_at: datetime | None
    created_at: datetime
    updated_at: datetime


class TodoPage(BaseModel):
    """Some of the todos, oldest first, and how many there are in all."""

    items: list[TodoOut]
    total: int
    limit: int
    offset: int
