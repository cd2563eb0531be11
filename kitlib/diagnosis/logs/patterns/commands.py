"""Programs and modules that are not there, can't be executed or were called wrongly."""

from kitlib.diagnosis.logs.patterns.rule import Rule

_NAME = r"[^\s'\"‘’`:]{1,200}"

RULES = (
    Rule(
        "command-missing",
        ("exec format", "cannot execute binary", "wrong elf class"),
        (
            rf"(?P<file>/{_NAME})['\"’`]?: (?:cannot execute[^:]{{0,40}}: )?(?P<detail>exec format error)",
            r"(?P<detail>exec format error)|cannot execute binary file|wrong ELF class",
        ),
    ),
    Rule(
        "permission-denied",
        ("exec", "entrypoint", "sh:"),
        (
            r"exec: \"(?P<file>[^\"]{1,300})\": permission denied|"
            r"exec (?P<file2>/\S{1,300}): permission denied",
            r"(?:sh|bash|ash|dash): (?:\d+: |line \d+: )?(?P<file>/[^:\s]{1,300}): Permission denied",
        ),
    ),
    Rule(
        "module-missing",
        (
            "no module named",
            "cannot find module",
            "cannot find package",
            "classnotfound",
            "noclassdef",
            "main class",
            "cannot load such file",
            "file or assembly",
            "could not import",
            "shared librar",
            "importerror",
            "cannot import",
            "failed to find attribute",
            "not found in module",
            "err_module_not_found",
            "glibc",
            'class "',
            "modulenotfound",
        ),
        (
            r"No module named ['\"]?(?P<detail>[\w.]{1,200})",
            r"Cannot find (?:module|package) '(?P<file>/[^']{1,300})'",
            r"Cannot find (?:module|package) '(?P<detail>[^']{1,300})'",
            r"(?:ClassNotFoundException|NoClassDefFoundError): (?P<detail>[\w.$/]{1,300})",
            r"Could not find or load main class (?P<detail>\S{1,300})",
            r"cannot load such file -- (?P<detail>\S{1,300})|"
            r"Could not load file or assembly '(?P<detail2>[^',]{1,300})",
            r"Could not import module \"(?P<detail>[^\"]{1,200})\"|"
            r"Attribute \"(?P<detail2>[^\"]{1,100})\" not found in module",
            r"loading shared libraries: (?P<detail>[^:\s]{1,200})|"
            r"Error loading shared library (?P<detail2>[^:\s]{1,200})",
            r"version [`'](?P<detail>GLIBC\w{0,3}_[\d.]{1,20})' not found",
            r"cannot import name '(?P<detail>\w{1,200})'|Failed to find attribute '(?P<detail2>[^']{1,100})'",
            r"Class \"(?P<detail>[\w\\]{1,200})\" not found|ImportError: (?P<detail2>.{1,200})|"
            r"ModuleNotFoundError",
        ),
    ),
    Rule(
        "command-missing",
        ("not found", "no such file", "enoent", "not recognized as", "cannot run program"),
        (
            r"exec: \"(?P<detail>[^\"]{1,300})\": (?:executable file not found|stat .{1,300}no such file|"
            r"no such file)",
            r"executable file [`'\"](?P<detail>[^`'\"]{1,300})[`'\"] not found in \$PATH",
            rf"^(?:/?[\w/.-]{{1,100}}: )?(?:\d+: |line \d+: )?(?P<detail>{_NAME}): (?:command )?not found$",
            rf"\benv: [‘'\"]?(?P<detail>{_NAME})['’\"]?: No such file",
            rf"\bspawn (?P<detail>{_NAME}) ENOENT|Cannot run program \"(?P<detail2>[^\"]{{1,300}})\"",
            rf"\bexec (?P<detail>{_NAME})(?: failed)?: no such file|"
            rf"\[dumb-init\] (?P<detail2>{_NAME}): No such file",
            r"['\"](?P<detail>[^'\"]{1,200})['\"] is not recognized as",
            r"(?:sh|bash|ash|dash): (?:\d+: |line \d+: )?(?P<detail>/[^:\s]{1,300}): (?:bad interpreter|"
            r"not found|No such file)",
            r"(?:git|npm|pip|yarn|poetry)?: ?command not found: (?P<detail>\S{1,200})",
            r"(?:fork/exec|exec) (?P<detail>/[^:\s]{1,300}): no such file",
        ),
    ),
    Rule(
        "usage",
        (
            "argument",
            "option",
            "unknown",
            "flag",
            "no such command",
            "usage",
            "substitution",
            "syntax error",
            "choice",
            "missing script",
            "heap size",
            "is not a command",
            "illegal option",
            ": invalid ",
        ),
        (
            r"unrecognized arguments: (?P<detail>.{1,200})|"
            r"the following arguments are required: (?P<detail2>.{1,200})",
            r"flag provided but not defined: (?P<detail>\S{1,100})|"
            r"required flag\(s\) (?P<detail2>.{1,200}?) not set",
            r"unknown (?:long |short(?:hand)? )?(?:option|flag|command|argument|subcommand|parameter|"
            r"operation|switch)s?\b:? ?"
            r"(?P<detail>['\"‘`]?-{0,2}\S{1,100}(?: in \S+)?)",
            r"No such (?:option|command):? ?(?P<detail>\S{1,100})",
            r"option (?P<detail>-\S{1,100}): (?:is unknown|requires|is ambiguous)",
            r"(?:unrecognized|invalid|illegal|bad|unsupported|unexpected) (?:VM )?(?:option|flag|argument|"
            r"parameter)s?\b(?! value)"
            r"[ :]*(?:-- )?(?P<detail>\S{1,100})",
            r"(?P<detail>Invalid (?:maximum|initial) heap size: \S{1,60})|"
            r"Unrecognized VM option (?P<detail2>\S{1,100})",
            r"^[\w.-]{1,40}: invalid (?:time interval|number|integer|mode|"
            r"date)\b.{0,3}?(?P<detail>[\w-]{1,100})",
            r"invalid choice: (?P<detail>\S{1,100})|Missing (?:option|argument|command|"
            r"parameter)\b.{0,3}(?P<detail2>\S{0,100})",
            r"Missing script: (?P<detail>\S{1,100})|\"(?P<detail2>[^\"]{1,100})\" is not a (?:\w+ )?command",
            r"(?:sh|bash|entrypoint\S*)\S*: .{0,60}?(?P<detail>Bad substitution|syntax error.{0,100}|"
            r"bad substitution)",
        ),
    ),
)
