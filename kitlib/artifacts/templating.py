"""The templates of files that are not YAML: Dockerfiles and shell scripts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).parent / "templates"


def fill(name: str, values: dict[str, Any]) -> str:
    """The text of a template.

    Args:
        name: a file of the folder templates/.
        values: all that it names.
    """
    return str(_environment().get_template(name).render(values))


@lru_cache(maxsize=1)
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
