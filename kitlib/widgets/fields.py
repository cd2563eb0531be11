"""One input for each parameter, made from the parameters' JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets

STYLE = {"description_width": "12em"}
LAYOUT = {"width": "32em"}


def field(name: str, schema: Mapping[str, Any]) -> Any:
    """The input of one parameter; its value is what `Parameters.coerce` takes.

    Args:
        name: the parameter's.
        schema: its entry in the JSON Schema.
    """
    how = {"description": name, "style": STYLE, "layout": LAYOUT, "tooltip": schema.get("description", "")}
    default = schema.get("default")
    if choices := schema.get("enum"):
        # No list: in JupyterLab the arrow keys, which it would need, choose a cell.
        how["style"] = {**STYLE, "button_width": "auto"}
        return ipywidgets.ToggleButtons(options=list(choices), value=default or choices[0], **how)
    if schema.get("type") == "boolean":
        return ipywidgets.Checkbox(value=bool(default), indent=True, **how)
    if schema.get("type") == "integer" and {"minimum", "maximum"} <= schema.keys():
        limits = {"min": schema["minimum"], "max": schema["maximum"]}
        return ipywidgets.BoundedIntText(
            value=default if default is not None else limits["min"], **limits, **how
        )
    text = (
        ",".join(map(str, default))
        if isinstance(default, list)
        else str(default if default is not None else "")
    )
    return ipywidgets.Text(value=text, placeholder=_placeholder(schema), continuous_update=False, **how)


def given(name: str, schema: Mapping[str, Any], value: Any) -> dict[str, Any]:
    """What an input says: nothing when an optional one is left empty."""
    optional = any(option.get("type") == "null" for option in schema.get("anyOf", []))
    return {} if value == "" and optional else {name: value}


def _placeholder(schema: Mapping[str, Any]) -> str:
    if schema.get("type") == "array":
        return "values between commas"
    return "may be left empty" if "anyOf" in schema else "must be given" if "default" not in schema else ""
