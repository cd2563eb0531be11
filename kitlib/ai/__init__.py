"""A language model explains one workload: evidence in, checked claims out. Everything works without one.

endpoints   which models may be asked
boundary    what may leave: placeholders for secrets and addresses (shapes, folding)
question    evidence numbered, delimited and bounded; the schema of the answer
client      one question to one server
checking    schema, citations, quotes, actions
explaining  the above in order; records: the cache, and the report of each call
"""

from kitlib.ai.answer import Answer, Claim, Problem, Proposal, Usage
from kitlib.ai.endpoints import Endpoint, endpoints
from kitlib.ai.explaining import explain
from kitlib.ai.question import Line

__all__ = ["Answer", "Claim", "Endpoint", "Line", "Problem", "Proposal", "Usage", "endpoints", "explain"]
