"""Stack traces of programs: what was raised, from which frames, because of what."""

from kitlib.diagnosis.logs.traces.finding import traces
from kitlib.diagnosis.logs.traces.trace import Frame, Raised, Trace

__all__ = ["Frame", "Raised", "Trace", "traces"]
