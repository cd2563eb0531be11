"""Faults to break a cluster with, on purpose: labs, tests of the diagnosis, and its benchmark use them.

    >>> from kitlib import faults
    >>> fault = faults.find("service-selector-wrong")
    >>> faults.inject(cluster, fault)  # the healthy workload, then the change that breaks it
    >>> fault.cause                    # what a diagnosis should name
    >>> faults.fix(cluster, fault); faults.healed(cluster, fault)
    >>> faults.clean(cluster, fault)

Each is a file in catalogue/<family>/; kitlib/faults/model.py says what may stand in one, and
kitlib/faults/places.py what its words in capitals stand for. Family `healthy` holds the controls: what looks
like a fault and is none; where something is unusual on purpose, an annotation `kit.dev/intended` says why.
"""

from kitlib.faults.application import wrong_database_host
from kitlib.faults.loading import find, load
from kitlib.faults.model import Cause, Fault
from kitlib.faults.running import clean, fix, healed, inject

__all__ = ["Cause", "Fault", "clean", "find", "fix", "healed", "inject", "load", "wrong_database_host"]
