"""Names that do not resolve, connections that are refused, time out or break, answers that are errors."""

from kitlib.diagnosis.logs.patterns.rule import Rule

_HOST = r"['\"‘`]?(?P<host>[A-Za-z0-9][\w.-]{0,252}?)\.?['\"’`]?"
_END = r"(?=$|[\s,;:()<>])"

SPECIAL = (
    Rule(
        "host-unresolved",
        (
            "resolv",
            "lookup ",
            "enotfound",
            "eai_again",
            "name or service",
            "no such host",
            "resolution",
            "nodename",
            "translate host name",
            "unknownhost",
            "bad address",
            "host not found",
            "no address associated",
            "nxdomain",
            "getaddr",
            "server host",
            "domain name not found",
            "dns",
        ),
        (
            rf"could not translate host name {_HOST}{_END}",
            rf"failed to resolve(?: host| hostname)? {_HOST}{_END}",
            r"lookup (?P<host>[\w.-]{1,253}?)\.?(?: on [\d.:\[\]a-f]{3,60})?: (?:no such host|"
            r"Temporary failure|Try again)",
            r"lookup (?P<host>[\w.-]{1,253}?)\.?(?: on (?P<detail>[\d.:\[\]a-f]{3,60}))?: "
            r"(?:server misbehaving|.{0,120}(?:i/o timeout|connection refused|deadline exceeded))",
            rf"(?:getaddrinfo|queryA+|lookup) (?:ENOTFOUND|EAI_AGAIN|ESERVFAIL) {_HOST}{_END}",
            rf"UnknownHostException: {_HOST}(?=:|$|\s)",
            rf"could not resolve (?:proxy|host(?:name)?)(?: name)?:? ?{_HOST}(?=\s*(?:$|[(;,:]))",
            rf"unable to resolve host(?:name)?(?: address)? {_HOST}(?=$|[\s:,])",
            r"bad address '(?P<host>[^':]{1,253})",
            r"host not found in upstream \"(?P<host>[^\":/]{1,253})(?::(?P<port>\d{1,5}))?",
            r"(?P<host>[\w.-]{1,253}) could not be resolved \(\d+:",
            r"getaddr\w* (?:failed )?(?:for|of) (?P<host>[\w.-]{1,253})(?: failed|:)",
            r"Unknown (?:MySQL |MariaDB )?server host '(?P<host>[^']{1,253})'",
            r"connecting to (?P<host>[\w.-]{1,253}):(?P<port>\d{1,5})\. (?:Name|No address|Temporary|"
            r"nodename)",
            r"connect to host (?P<host>[\w.-]{1,253}):(?P<port>\d{1,5}) .{0,80}(?:Name|No address|Temporary|"
            r"not found|DNS)",
            r"Name or service not known|Name does not resolve|no such host|nodename nor servname",
            r"(?:temporary failure in|hostname) name resolution|Name resolution (?:failure|failed|error)",
            r"No address associated with hostname|\bENOTFOUND\b|\bEAI_AGAIN\b|NXDOMAIN|Domain name not found",
            r"UnknownHostException|getaddrinfo failed|hostname resolving error|failed to lookup address",
            r"NameResolutionError|DNS (?:resolution|lookup) failed|dns error",
        ),
    ),
)

RULES = (
    Rule(
        "http-status",
        (
            "server error",
            "status",
            "http response",
            "returned error",
            "bad gateway",
            "service unavailable",
            "http ",
        ),
        (
            r"(?P<status>5\d\d) Server Error: .{0,100} for url: (?P<url>\S{1,300})",
            r"Server error '(?P<status>5\d\d) [^']{0,60}' for url '(?P<url>[^']{1,300})'",
            r"Server returned HTTP response code: (?P<status>5\d\d) for URL: (?P<url>\S{1,300})",
            r"(?:failed with|unexpected|bad|non-2xx|received|invalid|error|got)[^\d]{0,40}\b(?:status|"
            r"response)[^\d]{0,20}(?P<status>5\d\d)\b",
            r"requested URL returned error: (?P<status>5\d\d)|"
            r"HTTP request failed, HTTP status code (?P<status2>5\d\d)",
            r"(?P<url>https?://\S{1,300}?)[:,]? (?:returned|responded with|answered|"
            r"failed with)[^\d]{0,40}(?P<status>5\d\d)\b",
            r"(?P<url>https?://\S{1,300}).{0,60}?\b(?P<status>5\d\d) (?:Internal Server Error|Bad Gateway|"
            r"Service Unavailable|Gateway)",
            r"HTTP(?:Server|Status)?Error\W.{0,60}\b(?P<status>5\d\d)\b|"
            r"upstream .{0,80}\b(?P<status2>50[234])\b",
        ),
    ),
    Rule(
        "http-status",
        ("client error", "failed with status", "http error", "response code"),
        (
            r"(?P<status>4\d\d) Client Error: .{0,100} for url: (?P<url>\S{1,300})",
            r"Client error '(?P<status>4\d\d) [^']{0,60}' for url '(?P<url>[^']{1,300})'",
            r"Request failed with status code (?P<status>4\d\d)|HTTP Error (?P<status2>[45]\d\d)",
            r"Server returned HTTP response code: (?P<status>4\d\d) for URL: (?P<url>\S{1,300})",
        ),
        traced=True,
    ),
    Rule(
        "connection-refused",
        (
            "refused",
            "couldn't connect to server",
            "connect call failed",
            "could not connect to redis",
            "not be established",
        ),
        (
            r"connection to (?P<host>[\w.-]{1,253}):(?P<port>\d{1,5}) refused",
            r"connection to the server (?P<host>[\w.-]{1,253}?)(?::(?P<port>\d{1,5}))? was refused",
            r"connection[ _]?refused(?!_)|ECONNREFUSED|actively refused|ConnectionRefused",
            r"Connect call failed|Couldn't connect to server|Could not connect to Redis",
            r"Connection to node -?\d+ .{1,120} could not be established",
        ),
    ),
    Rule(
        "connection-timeout",
        ("time", "deadline exceeded", "no route to host", "unreach", "hikaripool"),
        (
            r"(?P<detail>no route to host|EHOSTUNREACH|ENETUNREACH|network is unreachable)",
            r"i/o timeout(?! set)(?![ :=]{1,3}\d)|ETIMEDOUT|ESOCKETTIMEDOUT|"
            r"connect(?:ion)?(?: attempt)? time(?:d )?[ -]?out(?![ :=]{1,3}\d)|"
            r"connection timeout expired",
            r"timed? ?out (?:while )?(?:connecting|waiting for connection|trying to connect)|"
            r"timeout (?:connecting|expired)",
            r"Connect(?:ion)?Timeout|context deadline exceeded|DeadlineExceeded|DEADLINE_EXCEEDED",
            r"ServerSelectionTimeoutError|Server selection timed out|upstream timed out|(?:operation|"
            r"read) timed out",
            r"ReadTimeout|SocketTimeoutException|request timed out|"
            r"Connection is not available, request timed out",
            r"Timeout while (?:connecting|reading)|connection to .{1,200} timed out",
        ),
    ),
    Rule(
        "connection-reset",
        (
            "reset",
            "closed the connection",
            "closed connection",
            "aborted",
            "hang up",
            "prematurely",
            "lost connection",
            "disconnected",
        ),
        (
            r"connection (?:was )?reset(?: by peer)?|ECONNRESET|ConnectionResetError",
            r"server closed the connection unexpectedly|Remote end closed connection|socket hang up",
            r"Server disconnected without sending a response|upstream prematurely closed connection",
            r"Lost connection to MySQL server|Connection aborted",
        ),
    ),
    Rule(
        "connection-refused",  # without a reason, but with the address that could not be reached
        ("connectexception", "connect", "reach"),
        (
            r"\bConnectException\s*$|Failed to connect to any host",
            r"(?:failed|unable|could not|couldn't|cannot|can't)(?: to)? (?:connect|"
            r"reach)\b.{0,80}?[\w.-]{2,200}:\d{2,5}\b",
        ),
    ),
)
