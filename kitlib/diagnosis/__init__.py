"""Why a workload is not well: evidence, rules, causes ranked, a report. Works without a model."""

from kitlib.diagnosis.evidence import Evidence, gather
from kitlib.diagnosis.report import Report, diagnose, diagnose_settled, judge

__all__ = ["Evidence", "Report", "diagnose", "diagnose_settled", "gather", "judge"]
