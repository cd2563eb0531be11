"""Charts in lessons: rendered as Helm would install them, compared, and their releases' histories."""

from __future__ import annotations

import base64
import gzip
import html
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from kitlib import tools
from kitlib.app import images
from kitlib.cluster import Cluster
from kitlib.errors import CommandFailed, UsageError

if TYPE_CHECKING:
    import pandas

SECONDS = 60.0
CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: shop}}
data:
  VALUE: {}
"""
_NOISE = re.compile(r"\n*Use --debug flag.*|(?m:^Error: )", re.DOTALL)


@dataclass(frozen=True)
class Rendered:
    """What a chart renders to.

    Args:
        text: the manifests, as Helm prints them.
        objects: the same, read.
    """

    text: str
    objects: tuple[dict[str, Any], ...]

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """The object of that kind and name; None when the chart renders none."""
        found = (o for o in self.objects if (o["kind"], o["metadata"]["name"]) == (kind, name))
        return next(found, None)

    def __repr__(self) -> str:
        return "\n".join(sorted(f"{item['kind']}/{item['metadata']['name']}" for item in self.objects))


@dataclass(frozen=True)
class Revision:
    """One revision of a release: its number, Helm's word for how it is, and how it came to be."""

    number: int
    status: str
    description: str


class History(list[Revision]):
    """A release's revisions, oldest first; draws itself in a notebook."""

    def __repr__(self) -> str:
        return "\n".join(f"{item.number}  {item.status:<17}{item.description}" for item in self)

    def _repr_html_(self) -> str:
        boxes = "".join(_box(place, item) for place, item in enumerate(self))
        return (
            f"<svg role='img' aria-label='{html.escape(repr(self))}' width='{len(self) * 180}' height='70' "
            f"font-family='sans-serif' font-size='12'>{boxes}</svg>"
        )


def folder(name: str = "charts/todo-app") -> Path:
    """A folder of the project, wherever the notebook is.

    Raises:
        UsageError: this is no checkout of the project.
    """
    return images.checkout() / name


def render(
    *files: str, values: str | dict[str, Any] = "", chart: Path | None = None, release: str = "todo-app"
) -> Rendered:
    """Render a chart, without a cluster.

    Args:
        files: values files of the chart, such as `values-dev.yaml`; later ones win.
        values: over all files: YAML, or what it means.
        chart: its folder; none: the application's.
        release: the release's name.

    Raises:
        UsageError: Helm does not render it, and says why.
        ToolNotFound: Helm is not on this machine.
    """
    chart = chart or folder()
    options: list[str | Path] = [part for name in files for part in ("--values", chart / name)]
    command = [tools.find("helm"), "template", release, chart, *options, "--values", "-"]
    text = values if isinstance(values, str) else json.dumps(values)
    try:
        done = tools.run(command, timeout=SECONDS, input=text)
    except CommandFailed as failure:
        raise UsageError(" ".join(_NOISE.sub("", failure.output).split())) from None
    return Rendered(done.stdout, tuple(item for item in yaml.safe_load_all(done.stdout) if item))


def refused(values: str | dict[str, Any]) -> str:
    """Why the application's chart does not render with these values.

    Raises:
        UsageError: it does.
    """
    try:
        render(values=values)
    except UsageError as refusal:
        return refusal.message
    raise UsageError("the chart renders with these values")


def small(
    templates: dict[str, str], values: dict[str, Any] | None = None, version: str = "1.0.0"
) -> Rendered:
    """Render a chart `shop` of a few templates, as release `shop`.

    Args:
        templates: file name → text.
        values: its values.yaml.
        version: the chart's version and that of the application.

    Raises:
        UsageError: Helm does not render it, and says why.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return render(chart=write(Path(scratch, "shop"), templates, values or {}, version), release="shop")


def write(where: Path, templates: dict[str, str], values: dict[str, Any], version: str = "1.0.0") -> Path:
    """Write a chart `shop`; args as for `small`, and the folder that it is to be in."""
    (where / "templates").mkdir(parents=True)
    about = {"apiVersion": "v2", "name": "shop", "version": version, "appVersion": version}
    (where / "Chart.yaml").write_text(yaml.safe_dump(about))
    (where / "values.yaml").write_text(yaml.safe_dump(values))
    for name, text in templates.items():
        (where / "templates" / name).write_text(text)
    return where


def merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Values over other values, as Helm puts one values file over another."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            value = merged(below, value)
        result[key] = value
    return result


def side_by_side(**rendered: Rendered) -> pandas.DataFrame:
    """Which objects each rendering has: a row for each object, a column for each rendering."""
    import pandas

    names = {name: set(repr(item).splitlines()) for name, item in rendered.items()}
    rows = sorted(set().union(*names.values()))
    return pandas.DataFrame(
        {name: ["✓" if row in has else "" for row in rows] for name, has in names.items()}, rows
    )


def history(cluster: Cluster, release: str) -> History:
    """A release's revisions, from the Secrets in which Helm keeps them; empty when there is no release."""
    labels = {"owner": "helm", "name": release}
    found = [_kept(item.at("data.release")) for item in cluster.list("Secret", labels=labels)]
    revisions = [Revision(r["version"], r["info"]["status"], r["info"]["description"]) for r in found]
    return History(sorted(revisions, key=lambda item: item.number))


def _kept(data: str) -> dict[str, Any]:
    """A revision as Helm keeps it: JSON, packed, in base64 twice."""
    kept: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(data))))
    return kept


def _box(place: int, item: Revision) -> str:
    x = place * 180 + 5
    colour = "#1e8449" if item.status == "deployed" else "#5d6d7e"
    lines = (f"revision {item.number}", item.status, item.description)
    texts = "".join(
        f"<text x='{x + 10}' y='{22 + 18 * line}'>{html.escape(text[:24])}</text>"
        for line, text in enumerate(lines)
    )
    frame = (
        f"<rect x='{x}' y='3' width='165' height='62' rx='6' fill='none' stroke='{colour}' stroke-width='2'/>"
    )
    return frame + texts
