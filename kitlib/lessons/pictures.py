"""Pictures of what specifications say, as SVG, with the same in words beside it."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from kitlib.lessons.calls import longest, pauses, seconds
from kitlib.specs.models.architecture import Architecture
from kitlib.specs.models.communication import Synchronous

_BOX = (120, 40)  # width and height, in pixels
_STEP = (170, 66)
_STYLE = "font-family:sans-serif;font-size:13px;max-width:100%"


@dataclass(frozen=True)
class Picture:
    """A drawing.

    Args:
        title: what it shows.
        words: the same for who does not see it, and for a terminal.
        width, height: in pixels.
        shapes: the SVG elements.
    """

    title: str
    words: str
    width: int
    height: int
    shapes: str

    def __repr__(self) -> str:
        return f"{self.title}: {self.words}"

    def _repr_html_(self) -> str:
        e = html.escape
        return (
            f"<figure role='img' aria-label='{e(str(self), quote=True)}'>"
            f"<svg viewBox='0 0 {self.width} {self.height}' width='{self.width}' style='{_STYLE}'>"
            "<defs><marker id='tip' viewBox='0 0 8 8' refX='8' refY='4' markerWidth='8' markerHeight='8' "
            "orient='auto'><path d='M0 0L8 4L0 8z' fill='#5d6d7e'/></marker></defs>"
            f"{self.shapes}</svg><figcaption>{e(self.title)}: {e(self.words)}</figcaption></figure>"
        )


def request_path(spec: Architecture) -> Picture:
    """The way of a request: browser, Ingress, the services by whom they call, the stores."""
    stores = {"database": spec.storage.database, "cache": spec.storage.cache or "cache"}
    inside = [(service.name, called) for service in spec.services for called in service.calls]
    edges = [("browser", "Ingress")]
    edges += [("Ingress", service.name) for service in spec.services if service.hosts]
    edges += inside
    places = _places(_layers(edges))
    lines = "".join(_line(places[start], places[end]) for start, end in edges)
    boxes = "".join(_box(place, stores.get(name, name)) for name, place in places.items())
    width = max(x for x, _ in places.values()) + _BOX[0] + 10
    height = max(y for _, y in places.values()) + _BOX[1] + 10
    words = "; ".join(
        f"{start} → {', '.join(stores.get(end, end) for first, end in edges if first == start)}"
        for start in dict.fromkeys(start for start, _ in edges)
    )
    return Picture(f"A request to {spec.name}", words, width, height, lines + boxes)


def attempts(call: Synchronous) -> Picture:
    """The attempts of a call whose every attempt times out, over time."""
    between, each, total = pauses(call), seconds(call.timeout), longest(call)
    scale = 600 / total
    shapes, at = [f"<path d='M20 46H620' stroke='#5d6d7e'/>{_tick(20, '0')}"], 0.0
    for number, pause in enumerate([*between, 0.0]):
        x, width = 20 + at * scale, each * scale
        shapes.append(
            f"<rect x='{x:.1f}' y='10' width='{width:.1f}' height='30' fill='#d6e4f0' stroke='#2471a3'/>"
        )
        shapes.append(f"<text x='{x + width / 2:.1f}' y='30' text-anchor='middle'>{number + 1}</text>")
        unit = " s" if number == len(between) else ""
        shapes.append(_tick(x + width, f"{at + each:g}{unit}"))
        at += each + pause
    words = f"{len(between) + 1} × {each:g} s, and pauses of {sum(between):g} s"
    title = f"{call.pattern}, {call.use_case}, when nobody answers"
    return Picture(title, f"{words}: the caller knows after {total:g} s", 640, 70, "".join(shapes))


def _tick(x: float, text: str) -> str:
    """A moment on the axis of `attempts`."""
    line = f"<path d='M{x:.1f} 46V50' stroke='#5d6d7e'/>"
    return f"{line}<text x='{x:.1f}' y='64' text-anchor='middle'>{text}</text>"


def loop(title: str, steps: Iterable[str]) -> Picture:
    """Steps one after the other, and from the last back to the first."""
    names = list(steps)
    places = [(10 + number * _STEP[0], 10) for number in range(len(names))]
    boxes = "".join(_box(place, name) for place, name in zip(places, names, strict=True))
    lines = "".join(_line(*pair) for pair in pairwise(places))
    x, y = places[-1][0] + _BOX[0] // 2, 10 + _BOX[1]
    first = places[0][0] + _BOX[0] // 2
    back = f"M{x} {y}C{x} {y + 50} {first} {y + 50} {first} {y}"
    lines += f"<path d='{back}' fill='none' stroke='#5d6d7e' marker-end='url(#tip)'/>"
    words = " → ".join([*names, names[0]])
    return Picture(title, words, places[-1][0] + _BOX[0] + 10, y + 50, lines + boxes)


def _layers(edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How far each is from the browser; who is called by nobody stands just before what it calls."""
    edges = list(edges)
    names = list(dict.fromkeys(name for edge in edges for name in edge))
    depth = dict.fromkeys(names, 0)
    for _ in names:  # a cycle of calls ends here, too
        for start, end in edges:
            depth[end] = min(max(depth[end], depth[start] + 1), len(names))
    called = {end for _, end in edges}
    for name in names:
        if name not in called and name != "browser":
            depth[name] = min(depth[end] for start, end in edges if start == name) - 1
    return depth


def _places(layers: dict[str, int]) -> dict[str, tuple[int, int]]:
    rows: dict[int, int] = {}
    places = {}
    for name, layer in layers.items():
        row = rows[layer] = rows.get(layer, -1) + 1
        places[name] = (10 + layer * _STEP[0], 10 + row * _STEP[1])
    return places


def _box(place: tuple[int, int], name: str) -> str:
    x, y = place
    middle = f"x='{x + _BOX[0] // 2}' y='{y + 25}' text-anchor='middle'"
    frame = (
        f"<rect x='{x}' y='{y}' width='{_BOX[0]}' height='{_BOX[1]}' rx='6' fill='#eaf2f8' stroke='#2471a3'/>"
    )
    return f"{frame}<text {middle}>{html.escape(name)}</text>"


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    half = _BOX[1] // 2
    x1, y1, x2, y2 = start[0] + _BOX[0], start[1] + half, end[0], end[1] + half
    if start[0] == end[0]:  # in one column: from the bottom of the one to the top of the other
        x1 = x2 = start[0] + _BOX[0] // 2
        y1, y2 = start[1] + _BOX[1], end[1]
    bow = _STEP[1] if end[0] - start[0] > _STEP[0] else 0  # below what stands between
    way = (
        f"M{x1} {y1}C{x1 + 40} {y1 + bow} {x2 - 40} {y2 + bow} {x2} {y2}" if bow else f"M{x1} {y1}L{x2} {y2}"
    )
    return f"<path d='{way}' fill='none' stroke='#5d6d7e' marker-end='url(#tip)'/>"


def chain(title: str, names: Iterable[str]) -> Picture:
    """Steps that follow one another, as boxes from left to right."""
    steps = {name: (10 + number * _STEP[0], 10) for number, name in enumerate(names)}
    places = list(steps.values())
    lines = "".join(_line(start, end) for start, end in pairwise(places))
    boxes = "".join(_box(place, name) for name, place in steps.items())
    width = places[-1][0] + _BOX[0] + 10
    return Picture(title, " → ".join(steps), width, _BOX[1] + 20, lines + boxes)
