"""Numbers over time as a picture: what was measured, as steps, with the same in words."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle

from kitlib.lessons.pictures import Picture

Points = Sequence[tuple[float, float]]  # seconds, and what was seen then
WIDTH, HEIGHT, LEFT, HEAD = 560, 110, 50, 22  # of a panel, in pixels; its axis; its title
COLOURS = ("#2471a3", "#b9770e", "#117864", "#7d3c98", "#a04000")  # in turn


@dataclass(frozen=True)
class Panel:
    """Numbers of one sort.

    Args:
        title: what they count, and in which unit.
        series: a name → its points, in the order of time.
        target: where a line is drawn across; None: none.
        marks: seconds at which something happened → what.
    """

    title: str
    series: Mapping[str, Points]
    target: float | None = None
    marks: Mapping[float, str] = field(default_factory=dict)

    @property
    def end(self) -> float:
        """The last moment, in seconds."""
        return max([1.0, *(at for points in self.series.values() for at, _ in points)])

    @property
    def most(self) -> float:
        """The highest number."""
        seen = [value for points in self.series.values() for _, value in points]
        return max([1.0, self.target or 0.0, *seen])


def drawn(title: str, words: str, *panels: Panel) -> Picture:
    """Panels over the same seconds, one below the other.

    Args:
        title: what is shown.
        words: the same for who does not see it.
        panels: at least one.
    """
    end = max(panel.end for panel in panels)
    step = HEAD + HEIGHT + 12
    shapes = "".join(_panel(panel, number * step, end) for number, panel in enumerate(panels))
    foot = len(panels) * step
    shapes += f"<text x='{LEFT}' y='{foot + 8}'>0</text>"
    shapes += f"<text x='{LEFT + WIDTH}' y='{foot + 8}' text-anchor='end'>{end:.0f} s</text>"
    return Picture(title, words, LEFT + WIDTH + 10, foot + 14, shapes)


def _panel(panel: Panel, top: int, end: float) -> str:
    base = top + HEAD + HEIGHT

    def x(at: float) -> float:
        return LEFT + at / end * WIDTH

    def y(value: float) -> float:
        return base - value / panel.most * HEIGHT

    names = "".join(
        f"<tspan dx='14' fill='{colour}'>■ {html.escape(name)}</tspan>"
        for name, colour in zip(panel.series, cycle(COLOURS), strict=False)
    )
    shapes = [f"<text x='{LEFT}' y='{top + 14}'>{html.escape(panel.title)}{names}</text>"]
    shapes.append(f"<path d='M{LEFT} {top + HEAD}V{base}H{LEFT + WIDTH}' fill='none' stroke='#5d6d7e'/>")
    for value in (0.0, panel.most):
        shapes.append(f"<text x='{LEFT - 6}' y='{y(value) + 4:.0f}' text-anchor='end'>{value:g}</text>")
    if panel.target is not None:
        across = f"M{LEFT} {y(panel.target):.1f}H{LEFT + WIDTH}"
        shapes.append(f"<path d='{across}' stroke='#c0392b' stroke-dasharray='6 4'/>")
    for at, text in panel.marks.items():
        shapes.append(f"<path d='M{x(at):.1f} {top + HEAD}V{base}' stroke='#5d6d7e' stroke-dasharray='2 3'/>")
        shapes.append(f"<text x='{x(at) + 4:.1f}' y='{top + HEAD + 12}'>{html.escape(text)}</text>")
    for points, colour in zip(panel.series.values(), cycle(COLOURS), strict=False):
        path = _steps([(x(at), y(value)) for at, value in points], x(end))
        shapes.append(f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='2'/>")
    return "".join(shapes)


def _steps(places: Sequence[tuple[float, float]], end: float) -> str:
    """A path that keeps each height until the next one was seen."""
    if not places:
        return ""
    first, *rest = places
    lines = "".join(f"H{x:.1f}V{y:.1f}" for x, y in rest)
    return f"M{first[0]:.1f} {first[1]:.1f}{lines}H{end:.1f}"
