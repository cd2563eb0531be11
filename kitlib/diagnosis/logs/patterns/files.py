"""Files that are missing, closed to the user or full; ports that can't be listened on."""

from kitlib.diagnosis.logs.patterns.rule import Rule

_PATH = r"['\"‘`]?(?P<file>/[^\s'\"’`:,)]{1,300})"

# Before commands and network: the same "permission denied" means another thing there.
SPECIAL = (
    Rule(
        "port-in-use",
        ("in use", "eaddrinuse", "already allocated", "one usage of each socket", "another postmaster"),
        (
            r"Port (?P<port>\d{1,5}) (?:was|is) already in use|"
            r"Connection in use: \('[^']{0,100}', (?P<port2>\d{1,5})\)",
            r"already running on port (?P<port>\d{1,5})",
            r"[\w.*\]']{0,100}[:,] ?(?P<port>\d{2,5})\)?[:.]? .{0,20}address already in use",
            r"address already in use.{0,40}?:(?P<port>\d{2,5})\b",
            r"(?:bind|bound|listen)\w*.{0,60}?:(?P<port>\d{2,5})\b.{0,60}address (?:already )?in use",
            r"EADDRINUSE|address (?:is )?already in use|Address in use|Only one usage of each socket address",
            r"port is already allocated|port (?P<port>\d{1,5}) .{0,30}in use",
        ),
    ),
    Rule(
        "port-privileged",
        ("bind", "listen", "make_sock"),
        (
            r"listen EACCES:? (?:permission denied )?(?:\S{0,60}:)?(?P<port>\d{1,5})\b",
            r"listen (?:tcp|udp)\d? \S{0,60}:(?P<port>\d{1,5}): bind: permission denied",
            r"bind\(\) to \S{0,60}:(?P<port>\d{1,5}) failed \(13",
            r"could not bind to address \S{0,60}:(?P<port>\d{1,5})\b.{0,40}Permission denied",
            r"Permission denied.{0,60}could not bind to address \S{0,60}:(?P<port>\d{1,5})\b",
            r"bind.{0,80}[:,] ?(?P<port>\d{1,5})\b.{0,40}permission denied",
            r"BindException: Permission denied|bind.{0,60}: permission denied|permission denied.{0,60}\bbind",
        ),
    ),
    Rule(
        "read-only-file-system",
        (
            "read-only file",
            "erofs",
            "read only file",
            "readonly file",
            "read-only filesystem",
            "readonlyfilesystem",
        ),
        (
            r"Read-only file ?system:? ['\"‘](?P<file>/[^'\"’]{1,300})['\"’]",
            r"(?:open|create|touch|mkdir|directory|remove|write|rename|unlink|chmod|chown|file|access|to) "
            + _PATH
            + r".{0,100}(?:read-?[ ]?only file ?system|EROFS)",
            r"(?:EROFS|read-?[ ]?only file ?system).{0,60}?" + _PATH,
            _PATH + r"['\"’]?[^/]{0,60}?(?:read-?[ ]?only file ?system)",
            r"EROFS|read-?[ ]?only file ?system|ReadOnlyFileSystemException",
        ),
    ),
    Rule(
        "disk-full",
        (
            "no space left",
            "enospc",
            "disk full",
            "disk is full",
            "quota exceeded",
            "edquot",
            "disk space",
            "insufficient space",
        ),
        (
            r"could not resize shared memory segment \"(?P<file>[^\"]{1,200})\".{0,60}No space left",
            r"(?:No space left on device|ENOSPC)(?!.*watcher)[^/'\"]{0,60}['\"](?P<file>/[^'\"]{1,300})['\"]",
            r"(?:write|open|create|to|mkdir|file|extend)[ :]" + _PATH + r".{0,60}(?:No space left|disk full)",
            r"(?:No space left on device|ENOSPC)(?!.*watcher)|\bdisk (?:is )?full|Disk quota exceeded|EDQUOT",
            r"(?:not enough|insufficient)(?: free)? (?:disk )?space",
        ),
    ),
)

RULES = (
    Rule(
        "permission-denied",
        (
            "permission",
            "not permitted",
            "run as root",
            "eacces",
            "eperm",
            "operation not permitted",
            "accessdenied",
            "unauthorizedaccess",
            "writable",
            "writeable",
        ),
        (
            r"(?:Permission denied|EACCES|Operation not permitted|"
            r"EPERM)[^/'\"]{0,60}['\"‘](?P<file>[^'\"’]{1,300})['\"’]",
            r"(?:Permission denied|EACCES|EPERM)[:\s]{1,3}(?P<file>/[^\s'\"’:,)]{1,300})",
            r"AccessDeniedException: (?P<file>/\S{1,300})|"
            r"Access to the path '(?P<file2>[^']{1,300})' is denied",
            r"directory \"(?P<file>[^\"]{1,300})\" has (?:invalid permissions|wrong ownership)",
            r"permission denied for (?P<detail>(?:table|relation|schema|database|sequence|function|"
            r"view) \S{1,100})",
            _PATH
            + r"['\"’]?[^/]{0,60}?(?:Permission denied|EACCES|Operation not permitted|is not writ(?:e)?able)",
            r"\bPermission denied\b|\bEACCES\b|Operation not permitted|\bEPERM\b|PermissionDenied",
            r"\"(?P<detail>root)\" execution of the PostgreSQL server is not permitted|"
            r"cannot be run as (?P<detail2>root)\b",
            r"AccessDeniedException|UnauthorizedAccessException|(?:is )?not writ(?:e)?able\b",
        ),
    ),
    Rule(
        "file-missing",
        (
            "no such file",
            "enoent",
            "nosuchfile",
            "filenotfound",
            "not found",
            "cannot find",
            "jarfile",
            "does not exist",
            "can't open file",
            "unable to open",
        ),
        (
            r"Unable to access jarfile (?P<file>\S{1,300})|can't open file '(?P<file2>[^']{1,300})'",
            r"(?:NoSuchFileException|FileNotFoundException): (?P<file>[^\s(]{1,300})",
            r"(?:No such file or directory|ENOENT)[^/'\"]{0,60}['\"‘](?P<file>[^'\"’]{1,300})['\"’]",
            r"Could not find (?:a part of the path|file) '(?P<file>[^']{1,300})'",
            r"['\"‘](?P<file>/[^'\"’]{1,300})['\"’]?[^/]{0,120}?(?:No such file or directory|does not exist|"
            r"not found)",
            r"(?P<file>/[^\s'\"’:,]{1,300})['\"’]?[^/]{0,60}?(?:No such file or directory)",
            r"file \"(?P<file>[^\"]{1,300})\": No such file",
            r"(?:config(?:uration)?|settings|key|properties|"
            r"env)[- ]file[:\s'\"]{1,3}(?P<file>[^\s'\"]{1,300})['\"]?.{0,20}"
            r"(?:not found|does not exist|is missing)",
            r"No such file or directory|\bENOENT\b|NoSuchFileException|FileNotFound(?:Exception|Error)|"
            r"file does not exist",
            r"cannot find the file specified|unable to open database file|file not found",
        ),
    ),
)
