"""Any request, made from its name and fields and validated: the one way in for whatever reads a text."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from kitlib.asking.reads import Read
from kitlib.asking.refusal import Refusal
from kitlib.asking.writes import Write

Request = Read | Write
_ANY: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="do")])


def made(do: str, **fields: Any) -> Request:
    """A request.

    Args:
        do: which, such as `get` or `scale`.
        fields: the fields of its model.

    Raises:
        ValidationError: there is no such request, or a field does not hold what it may.
    """
    return _ANY.validate_python({"do": do, **fields})


def said(error: ValidationError) -> Refusal:
    """What is wrong with the first field of a request, in one sentence."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return Refusal(f"{where}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": "))
