"""Why things are not well: what was read, rules, root causes ranked, a report. Works without a model."""

from kitlib.diagnosis.evidence import Evidence, gather
from kitlib.diagnosis.examination import Diagnosis, examine
from kitlib.diagnosis.report import Report, diagnose, diagnose_settled, judge
from kitlib.diagnosis.scan import Scan, load

__all__ = [
    "Diagnosis",
    "Evidence",
    "Report",
    "Scan",
    "diagnose",
    "diagnose_settled",
    "examine",
    "gather",
    "judge",
    "load",
]
