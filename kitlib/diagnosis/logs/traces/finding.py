"""Where the traces of a log are."""

from __future__ import annotations

from collections.abc import Sequence

from kitlib.diagnosis.logs.reading import Line
from kitlib.diagnosis.logs.traces.golang import go, rust
from kitlib.diagnosis.logs.traces.python import python
from kitlib.diagnosis.logs.traces.scripting import php, ruby
from kitlib.diagnosis.logs.traces.stacks import stack
from kitlib.diagnosis.logs.traces.trace import Trace

_READERS = (python, go, rust, ruby, php, stack)


def traces(lines: Sequence[Line]) -> list[Trace]:
    """All traces, in the order of the log; they do not overlap."""
    found: list[Trace] = []
    index = 0
    while index < len(lines):
        if not lines[index].text:
            index += 1
            continue
        trace = next((item for read in _READERS if (item := read(lines, index))), None)
        if trace and trace.chain:
            found.append(trace)
        index = max(trace.end, index + 1) if trace else index + 1
    return found
