"""What a language's runtime says when it can't go on."""

from kitlib.diagnosis.logs.patterns.rule import Rule

RULES = (
    Rule(
        "out-of-memory",
        ("memory", "bad_alloc", "enomem", "killed"),
        (
            r"JavaScript heap out of memory|java\.lang\.OutOfMemoryError|OutOfMemoryError|"
            r"OutOfMemoryException|NoMemoryError",
            r"(?:cannot|can't|could not|failed to) allocate memory|\bMemoryError\b|std::bad_alloc|\bENOMEM\b",
            r"runtime: out of memory|\bout of memory\b|Allowed memory size of \d+ bytes exhausted",
            r"^(?:\S{1,200}: (?:line )?\d+: +\d+ )?(?P<detail>Killed)\b|signal: (?P<detail2>killed)\b",
            r"memory allocation of \d+ bytes failed|insufficient memory for the Java Runtime",
        ),
    ),
    Rule(
        "arithmetic",
        ("zero", "divided by 0", "divisionbyzero", "division by 0"),
        (
            r"(?:division|divide|modulo|divided) by (?:zero|0)\b|/ by zero|ZeroDivisionError|"
            r"DivideByZeroException",
            r"DivisionByZero|DivisionUndefined|divisor is zero",
        ),
    ),
)

LAST = (
    Rule(
        "uncaught",
        (
            "segmentation",
            "sigsegv",
            "core dumped",
            "sigabrt",
            "worker timeout",
            "uncaught",
            "unhandled",
            "bus error",
            "illegal instruction",
            "fatal python error",
            "assertion",
            "sigill",
            "error: ",
            "exception: ",
        ),
        (
            r"(?P<detail>segmentation fault|SIGSEGV|SIGABRT|SIGILL|bus error|illegal instruction)",
            r"\bcore dumped\b|(?P<detail>WORKER TIMEOUT)|Fatal Python error: (?P<detail2>.{1,100})",
            r"(?:uncaught (?:exception|error)|unhandled (?:exception|promise rejection|"
            r"rejection))\W{0,3}(?P<detail>.{0,200})",
            r"^(?:[\w$]{1,60}\.){0,8}(?P<exception>[A-Z]\w{0,60}(?:Error|Exception)): (?P<detail>.{1,200})",
            r"assertion .{0,200}failed",
        ),
    ),
)
