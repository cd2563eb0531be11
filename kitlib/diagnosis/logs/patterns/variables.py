"""Environment variables that are missing or cannot be used."""

from kitlib.diagnosis.logs.patterns.rule import Rule

_OPEN, _CLOSE = r"[\"'`({\[$]{0,3}", r"[\"'`)}\]]{0,3}"
# After "environment variable" any word is its name, but those that go on with the sentence.
_SENTENCE = (
    r"is|was|are|were|must|not|has|have|in|for|to|of|with|and|or|on|variables?|names?|missing|required|files?"
)
_NAMED = rf"{_OPEN}(?P<variable>(?!(?i:{_SENTENCE})\b)[A-Za-z_]\w{{1,100}}){_CLOSE}"
# By its look alone only capitals with an underscore are a variable; TLS, HTTP and the like are not.
_LOOKS = rf"(?<![\w.\-/]){_OPEN}(?P<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9]){_CLOSE}:?"
_OTHERS = "TLS|SSL|HTTP|GET|POST|ERROR|FATAL|WARN"
_ONE = rf"(?<![\w.\-/]){_OPEN}(?P<variable>(?!{_OTHERS})[A-Z][A-Z0-9_]{{2,60}}){_CLOSE}:?"
_CAPITALS = r"[A-Z][A-Z0-9_]{1,80}"
_LIST = (
    r"[\s:\"'`\[({*-]{1,8}"
    rf"(?P<variables>{_CAPITALS}(?:[\"'`]?(?:,| and|,? or) ?[\"'`]?{_CAPITALS}){{0,20}})"
)
_ENV = r"(?i:env(?:ironment)?[ -]?(?:var(?:iable)?s?)?(?:\(s\))?)"
_WORD = r"(?i: ?(?:environment variable|env(?:ironment)? ?var(?:iable)?|variable|setting|env))?"
_GIVEN = r"(?:set|found|defined|provided|present|configured|specified|supplied|available|given)"
_LACKING = r"(?:required|missing|empty|undefined|unset|mandatory|null|blank|absent)"
_ABSENT = (
    rf"(?i: ?(?:(?:is|was|are|has|have)(?: not|n't)(?: been)? {_GIVEN}|(?:is|was|are) (?:an? )?{_LACKING}|"
    rf"(?:must|should|needs? to|has to) (?:not be {_LACKING}|be {_GIVEN})|"
    rf"(?:can't|cannot|can not|could not) be (?:{_LACKING}|found|read|loaded)|"
    rf"not {_GIVEN}|required|missing|unset|undefined)\b)"
)
_POSITIVE = r"(?!.{0,40}\b(?:is|are|was) (?:set|defined|configured|present)\b)"

RULES = (
    Rule(
        "variable-invalid",
        ("must be", "invalid", "assigning", "not a valid", "parse error", "malformed", "expected", "valid"),
        (
            rf"{_ONE}{_WORD} (?i:must be (?:an? (?:valid |positive )?(?:integer|int|number|boolean|bool|url|"
            rf"port|duration)|one of))",
            rf"(?i:invalid) {_ONE}(?<=:)",
            rf"{_ENV} {_NAMED} (?i:(?:has|contains|with) (?:an? )?(?:invalid|malformed|bad|unknown))",
            rf"{_LOOKS}{_WORD} (?i:must be (?:an? |one of|between|at least|at most|greater|less|positive|"
            rf"[\d<>=]))",
            rf"{_LOOKS}{_WORD} (?i:(?:is|has) (?:an? )?(?:invalid|malformed|not an? (?:valid|integer|number|"
            rf"boolean)|not valid))",
            rf"(?i:(?:invalid|bad|malformed|unparsable|illegal))(?i: value| integer| boolean| number| port|"
            rf" url| format)?(?i: for| of| in|:)?"
            rf"(?i: {_ENV})? ?{_LOOKS}",
            rf"(?i:invalid|bad|malformed).{{0,40}}{_ENV} {_NAMED}",
            r"envconfig\.Process: assigning (?P<variable>\w{1,100}) to",
            rf"(?i:cannot|can't|could not|failed to|unable to) parse (?i:{_ENV} )?{_LOOKS}",
        ),
        exact=True,
    ),
    Rule(
        "variable-unset",
        (
            "placeholder",
            "unbound variable",
            "parameter not set",
            "parameter null",
            "superuser password",
            "password option",
            "declare it as envvar",
            "missing value",
            "keyerror",
            "key not found",
        ),
        (
            r"Could not resolve placeholder '(?P<variable>[^'}]{1,200})'",
            r"(?P<variable>[A-Za-z_]\w{0,100}): (?:unbound variable|parameter (?:null or )?not set)",
            r"(?P<POSTGRES_PASSWORD>superuser password is not specified)",
            r"(?P<MYSQL_ROOT_PASSWORD>database is uninitialized and password option is not specified)",
            r"(?P<variable>\w{1,100}) not found\. Declare it as envvar",
            r"required key (?P<variable>\w{1,100}) missing value",
            r"KeyError: '(?P<variable>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'",
            r"key not found: \"(?P<variable>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)\"",
        ),
    ),
    Rule(
        "variable-unset",
        (
            "env",
            "required",
            "missing",
            "not set",
            "must",
            "not defined",
            "undefined",
            "unset",
            "isn't set",
            "not provided",
            "not specified",
            "not found",
            "not configured",
            "empty",
            "mandatory",
            "been set",
            "configured",
            "no ",
            "set ",
            "export ",
            "provide ",
            "define ",
            "be found",
        ),
        (
            rf"(?i:missing|required|mandatory|undefined|unset|expected|absent)\b[^.:=\"']{{0,40}}?\b{_ENV}\b"
            rf"(?i: names?)?(?i:\(s\))?(?: (?i:is|are|was|were))?(?: (?i:not set|missing|unset|"
            rf"undefined))?{_POSITIVE}{_LIST}",
            rf"{_LOOKS}{_WORD}{_ABSENT}",
            rf"\b{_ENV} {_NAMED}{_ABSENT}",
            rf"{_ONE}{_WORD} ?(?i:(?:is|was) (?:not set|unset|not defined|undefined|required)|not set|"
            rf"must be (?:set|defined|provided)|"
            rf"environment variable)(?i: (?:is|was) (?:not set|missing|required)| missing| required)?$",
            rf"(?i:define|set|provide|specify|supply|export|configure)(?i: either)?(?i: the|"
            rf" an?)?(?i: required)? {_ENV} {_NAMED}",
            rf"(?i:define|set|provide|specify|supply|export)(?i: either)?(?i: the|"
            rf" an?)? {_LOOKS}{_WORD} {_ENV}",
            rf"(?i:\bno|missing|undefined|unset|empty)(?i: required| mandatory)?"
            rf"(?i: (?:config(?:uration)?|settings?|secret|variable|value|key|option|parameter)){{0,2}}"
            rf"(?i: for)?:? {_LOOKS}",
            rf"(?i:\b(?:must|should|have to|need to|please) (?:set|define|provide|specify|export|"
            rf"configure)(?: the| an?)?) {_LOOKS}",
            rf"^(?:\w{{1,40}}: )?(?i:(?:please )?(?:set|export|define|provide)(?: the)?) {_LOOKS}(?![\w=])",
            rf"\b{_ENV} (?i:not found|not present)(?:: {_NAMED})?(?=\W*$)",
        ),
        exact=True,
    ),
)
