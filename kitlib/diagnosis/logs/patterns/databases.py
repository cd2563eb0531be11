"""What databases, caches and brokers answer: as servers log it and as clients repeat it."""

from kitlib.diagnosis.logs.patterns.rule import Rule

RULES = (
    Rule(
        "auth-failed",
        (
            "authentication",
            "password",
            "wrongpass",
            "noauth",
            "pg_hba",
            "access denied for user",
            "access_refused",
            "login was refused",
            "login refused",
            "login failed",
            "not authorized",
            "credentials",
        ),
        (
            r"(?:password|peer|ident|scram|GSSAPI|"
            r'certificate) authentication failed for user "(?P<user>[^"]{1,100})"',
            r'no pg_hba\.conf entry for (?:host|replication).{0,80} user "(?P<user>[^"]{1,100})"'
            r'(?:, database "(?P<database>[^"]{1,100})")?',
            r"no pg_hba\.conf entry|authentication failed against|credentials .{0,60}(?:are )?not valid",
            r"Access denied for user '(?P<user>[^']{0,100})'@(?:.{1,100} "
            r"to database '(?P<database>[^']{1,100})')?",
            r"Login failed for user '(?P<user>[^']{1,100})'",
            r"\bWRONGPASS\b|\bNOAUTH\b|invalid username-password pair|client already authenticated|"
            r"ERR invalid password",
            r"AUTH <password> called without|ERR AUTH |AuthenticationWrongNumberOfArgs",
            r"PLAIN login refused: user '(?P<user>[^']{1,100})'|"
            r"user '(?P<user2>[^']{1,100})' - invalid credentials",
            r"ACCESS_REFUSED|Login was refused using authentication mechanism",
            r"fe_sendauth: no password supplied|no password was provided|password must be a string",
            r"(?:SASL|SCRAM|Mongo|LDAP|Redis|database)\W{0,3}(?:-SHA-\d+ )?authentication (?:failed|failure|"
            r"error)",
            r"\bAuthenticationFailed\b|MongoServerError: Authentication failed|^Authentication failed\.?$",
            r"(?:Redis|ERR).{0,60}Authentication required|^(?:Error: )?Authentication required\.?$",
            r"(?:invalid|wrong|incorrect) (?:user ?name or )?(?:database |redis |broker )?password\b",
        ),
    ),
    Rule("role-missing", ("role ",), (r'role "(?P<user>[^"]{1,100})" does not exist',)),
    Rule(
        "database-missing",
        ("database",),
        (
            r'database "(?P<database>[^"]{1,100})" does not exist',
            r"database [`'](?P<database>[^`']{1,100})[`'] does not exist",
            r"Unknown database '(?P<database>[^']{1,100})'",
            r'Cannot open database "(?P<database>[^"]{1,100})"',
        ),
    ),
    Rule(
        "relation-missing",
        ("relation", "table", "column", "object name"),
        (
            r'relation "(?P<detail>[^"]{1,200})" does not exist',
            r"table [`\"](?P<detail>[^`\"]{1,200})[`\"] does not exist",
            r"Table '(?P<detail>[^']{1,200})' doesn't exist|no such table: (?P<detail2>[\w.]{1,200})",
            r'column "?(?P<detail>[\w.]{1,200})"? (?:of relation "[^"]{1,200}" )?does not exist',
            r"no such column: (?P<detail>[\w.]{1,200})|Unknown column '(?P<detail2>[^']{1,200})'",
            r"Invalid object name '(?P<detail>[^']{1,200})'|Undefined(?:Table|Column)",
        ),
    ),
    Rule(
        "too-many-connections",
        ("too many", "connection slots", "max number of clients", "queuepool", "toomanyconnections", "pool"),
        (
            r"too many clients already|too many connections|remaining connection slots are reserved",
            r"max number of clients reached|TooManyConnections",
            r"(?P<detail>QueuePool) limit of size|couldn't get a connection after|"
            r"Timeout acquiring a connection",
            r"(?P<detail>Knex): Timeout acquiring|fetching a new connection from the connection pool",
            r"connection pool (?:is )?exhausted|"
            r"(?P<detail>HikariPool)-\d+ - Connection is not available.{0,80}"
            r"active=\d+, idle=0, waiting=[1-9]",
        ),
    ),
    Rule(
        "deadlock",
        ("deadlock",),
        (
            r"deadlock detected|Deadlock found when trying|all goroutines are asleep - deadlock|"
            r"was deadlocked on lock",
        ),
    ),
    Rule(
        "lock-timeout",
        ("lock",),
        (
            r"due to lock timeout|Lock wait timeout exceeded|database (?:table )?is locked|LockNotAvailable",
            r"could not obtain lock on (?P<detail>.{1,100})|Waiting for changelog lock|unable to (?:acquire|"
            r"obtain).{0,40} lock",
        ),
    ),
    Rule(
        "redis-misconf",
        (
            "misconf",
            "maxmemory",
            "read only replica",
            "readonly ",
            "clusterdown",
            "masterdown",
            "oom command",
            "redis is loading",
        ),
        (
            r"(?P<detail>MISCONF)\b",
            r"(?P<detail>LOADING) Redis|Redis is (?P<detail2>loading) the dataset",
            r"(?P<detail>OOM) command not allowed",
            r"OutOfMemoryError: command not allowed when used memory|"
            r"command not allowed when used memory > 'maxmemory'",
            r"(?P<detail>READONLY) You can't write",
            r"You can't write against a read only replica",
            r"(?P<detail>CLUSTERDOWN|MASTERDOWN)\b",
        ),
    ),
)
