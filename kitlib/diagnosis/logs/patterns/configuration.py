"""Configuration that a program can't read."""

from kitlib.diagnosis.logs.patterns.rule import Rule

RULES = (
    Rule(
        "config-invalid",
        ("directive", "[emerg]", "configuration parameter", "invalid value for parameter"),
        (
            r"unknown directive \"(?P<detail>[^\"]{1,100})\" in (?P<file>/[^\s:]{1,300}):",
            r"\[emerg\].{0,300}? in (?P<file>/[^\s:]{1,300}):\d+",
            r"unrecognized configuration parameter \"(?P<detail>[^\"]{1,100})\"",
            r"invalid value for parameter \"(?P<detail>[^\"]{1,100})\"",
        ),
    ),
    Rule(
        "config-invalid",
        (
            "json",
            "yaml",
            "toml",
            "scannererror",
            "parsererror",
            "mapping values",
            "invalid character",
            "parse",
            "parsing",
            "unmarshal",
            "config",
            "datasource",
            "bind properties",
            "expecting",
            "missingsectionheader",
            "block mapping",
            "a required bean",
            "could not find expected",
            "decod",
        ),
        (
            r"JSONDecodeError|Expecting (?:property name|value|',' delimiter)|(?:Unexpected|"
            r"Expected) .{1,60} in JSON|is not valid JSON",
            r"JSON at position \d+|unexpected end of JSON|Unexpected end of JSON input|Malformed JSON|"
            r"Json(?:Parse|Reader)?Exception",
            r"yaml: (?:line \d+|unmarshal|control)|mapping values are not allowed|YAML(?:Exception|"
            r"ParseError|SemanticError)",
            r"(?:Scanner|Parser|Composer|Constructor)Error: |while (?:parsing|scanning) a |"
            r"could not find expected ':'",
            r"did not find expected|found character .{0,20}that cannot start|TOMLDecodeError|toml: |"
            r"TomlError|TOML parse error",
            r"invalid character '.{1,4}' (?:looking for|after|in)|cannot unmarshal \w+ into",
            r"(?:error|failed|unable|cannot|could not|invalid)\b.{0,30}\b(?:pars|load|read|decod|"
            r"unmarshal)\w*.{0,40}\b"
            r"(?:config(?:uration)?|settings|yaml|json|toml)\b",
            r"(?:invalid|malformed|bad) (?:config(?:uration)?|yaml|json|"
            r"toml)\b(?: file)?:?(?P<detail>.{0,100})",
            r"Failed to configure a (?P<detail>DataSource: .{1,200})|"
            r"Failed to bind properties under '(?P<detail2>[^']{1,200})'",
            r"MissingSectionHeaderError|config(?:uration)? (?:file )?(?:is )?(?:invalid|malformed)|"
            r"ImproperlyConfigured",
            r"InvalidConfigurationPropertyValue",
        ),
    ),
)
