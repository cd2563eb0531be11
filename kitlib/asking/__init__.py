"""`kit ask`: plain language, or a kubectl line, becomes structured requests, which pass the policy gate.

request, reads, writes   the requests, and the kubectl commands that come nearest
kubectl                  a kubectl line becomes requests (flags, commands); it is never run
grammar                  so does plain language, without a model
model                    and with one
classify, cascades       read, write, prohibited or unknown
reading, about           what reads, carried out
performing, proposing    what changes: planned, approved, carried out
answering                the above in order

The function is `kitlib.ask`; this package has another name, so that neither hides the other.
"""

from kitlib.asking.answering import Verdict, ask
from kitlib.asking.outcome import Outcome

__all__ = ["Outcome", "Verdict", "ask"]
