"""The wordings of programs, by family."""

from __future__ import annotations

from kitlib.diagnosis.logs.patterns import (
    commands,
    configuration,
    databases,
    files,
    kubernetes,
    network,
    runtime,
    tls,
    variables,
)
from kitlib.diagnosis.logs.patterns.rule import Rule

# In this order a text is asked; the first that matches names its kind. What has the more special words comes
# first: a TLS error may mention a closed connection, a database error the connection it came by.
RULES: tuple[Rule, ...] = (
    *kubernetes.RULES,
    *tls.RULES,
    *databases.RULES,
    *network.SPECIAL,
    *variables.RULES,
    *runtime.RULES,
    *files.SPECIAL,
    *commands.RULES,
    *network.RULES,
    *configuration.RULES,
    *files.RULES,
    *runtime.LAST,
)

WORDS = tuple({word for rule in RULES for word in rule.words})

__all__ = ["RULES", "WORDS", "Rule"]
