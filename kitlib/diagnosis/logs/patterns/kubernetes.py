"""What the API server refuses: as client-go, kubectl and the clients of other languages log it."""

from kitlib.diagnosis.logs.patterns.rule import Rule

RULES = (
    Rule(
        "forbidden",
        (" cannot ", "(forbidden)"),
        (
            r'User "(?P<subject>[^"]{1,300})" '
            r'cannot (?P<verb>[\w*]{1,40}) resource "(?P<resource>[^"]{1,200})"'
            r' in API group "(?P<group>[^"]{0,200})"(?: in the namespace "(?P<namespace>[^"]{1,100})")?',
            r'User "(?P<subject>[^"]{1,300})" cannot (?P<verb>[\w*]{1,40}) path "(?P<resource>[^"]{1,300})"',
            r"Error from server \(Forbidden\): (?P<detail>(?!.*(?:exceeded quota|"
            r"violates PodSecurity)).{1,200})",
        ),
    ),
    Rule(
        "unauthorized",
        ("unauthorized", "must be logged in", "provide credentials", "bearer token", "401"),
        (
            r"You must be logged in to the server",
            r"the server has asked for the client to provide credentials",
            r"\bInvalid bearer token\b",
            r"^(?:\w+: )?(?:error: )?Unauthorized\.?$",
            r"\b401\b\W{1,3}(?:Client Error\W{1,3})?Unauthorized",
            r"Unauthorized\W{1,3}(?:\w+ ){0,3}\(?401\b",
            r"(?:status|response)(?: code)?\W{1,3}401\b",
            r'"reason":"Unauthorized"',
        ),
    ),
)
