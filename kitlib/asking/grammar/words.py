"""The words of the grammar: kinds, names, places, and what may stand around a request without meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kitlib.cluster.kinds import KINDS

NAME = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
# What a person calls a kind, beside the names that kubectl takes.
_SPOKEN = {
    "stateful sets?": "StatefulSet",
    "daemon sets?": "DaemonSet",
    "replica sets?": "ReplicaSet",
    "cron jobs?": "CronJob",
    "config maps?": "ConfigMap",
    "(?:horizontal )?(?:pod )?autoscalers?": "HorizontalPodAutoscaler",
    "network policies": "NetworkPolicy",
    "network policy": "NetworkPolicy",
    "(?:persistent )?volume claims?": "PersistentVolumeClaim",
    "(?:persistent )?volumes?": "PersistentVolume",
    "(?:pod )?disruption budgets?": "PodDisruptionBudget",
    "service accounts?": "ServiceAccount",
    "storage classes": "StorageClass",
    "resource quotas?": "ResourceQuota",
    "ingresses": "Ingress",
    "cluster role bindings?": "ClusterRoleBinding",
    "cluster roles?": "ClusterRole",
    "role bindings?": "RoleBinding",
    "networkpolicy": "NetworkPolicy",
}
_KINDS: dict[str, str] = _SPOKEN | {
    name: kind
    for kind, (_, names) in KINDS.items()
    for name in (kind.lower(), *names)
    if name not in ("no", "limits", "cm", "ev", "sc")  # words, or too short to be told from a name
}
KIND = "(?:" + "|".join(sorted(_KINDS, key=len, reverse=True)) + r")(?![\w-])"
# Words that are no names, so that `restart the pods` names nothing.
STOP = frozenset(
    [
        "a",
        "all",
        "an",
        "and",
        "any",
        "are",
        "be",
        "by",
        "every",
        "everything",
        "for",
        "from",
        "i",
        "in",
        "is",
        "it",
        "its",
        "me",
        "my",
        "no",
        "none",
        "nothing",
        "anything",
        "something",
        "nobody",
        "not",
        "of",
        "on",
        "or",
        "our",
        "please",
        "that",
        "the",
        "them",
        "then",
        "there",
        "these",
        "this",
        "to",
        "up",
        "was",
        "which",
        "with",
        "without",
        "you",
        "your",
    ]
)
NEGATION = re.compile(
    r"\b(?:not|never|no longer|nobody|without|dont|doesnt|didnt|cant|cannot|wont|shouldnt|mustnt|stop|avoid|"
    r"refuse|refrain|instead of|rather than|except|unless|if)\b|n['’]t\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"^(?:(?:please|hey|hi|hello|ok|okay|now|kit|kindly|can you|could you|would you|will you|i want to|"
    r"i need to|i would like to|i'd like to|let's|go ahead and|help me|tell me)[\s,:]+)+",
    re.IGNORECASE,
)
_AFTER = re.compile(r"(?:[\s,]+(?:please|for me|now|right now|thanks|thank you))+$", re.IGNORECASE)
_EVERYWHERE = re.compile(
    r"\s(?:everywhere|cluster[- ]wide|-A|--all-namespaces|"
    r"(?:in|from|of|across|over) (?:all|every|any) (?:the )?namespaces?|"
    r"(?:in|across|on|of) (?:the|this|my|our|the whole|the entire) cluster)$",
    re.IGNORECASE,
)
_IN_NAMESPACE = (
    re.compile(rf"\s(?:in|from|of|for|on|at)(?: the| my)? namespace (?P<ns>{NAME})$", re.IGNORECASE),
    re.compile(rf"\s(?:in|from|of|for)(?: the| my)? (?P<ns>{NAME}) namespace$", re.IGNORECASE),
    re.compile(rf"\s-n (?P<ns>{NAME})$"),
    re.compile(rf"\sin (?P<ns>{NAME})$", re.IGNORECASE),
)


# `in` goes before these too, and then says how something is, not where.
_NO_PLACES = ("crashloopbackoff", "imagepullbackoff", "errimagepull", "error", "detail", "total")


@dataclass(frozen=True)
class Place:
    """Where a text says that it is about; `namespace` empty and not `everywhere`: it says nothing."""

    namespace: str = ""
    everywhere: bool = False

    @property
    def said(self) -> bool:
        """Whether it says anything."""
        return bool(self.namespace or self.everywhere)


def bare(text: str) -> str:
    """A text in single spaces, without politeness and without the marks at its end."""
    flat = " ".join(text.split())
    flat = re.sub(r"[\s?!.]+$", "", flat)
    flat = _AFTER.sub("", _BEFORE.sub("", flat))
    return re.sub(r"[\s?!.]+$", "", flat)


def placed(text: str) -> tuple[str, Place]:
    """A text without the place at its end, and the place."""
    if found := _EVERYWHERE.search(text):
        return text[: found.start()], Place(everywhere=True)
    for pattern in _IN_NAMESPACE:
        found = pattern.search(text)
        if found and found["ns"].lower() not in (*STOP, *_NO_PLACES):
            return text[: found.start()], Place(found["ns"].lower())
    return text, Place()


def kind_of(text: str) -> str:
    """The kind that a word, or two, stand for; empty when none."""
    spoken = text.lower().strip()
    if spoken in _KINDS:
        return _KINDS[spoken]
    return next((kind for word, kind in _KINDS.items() if re.fullmatch(word, spoken)), "")


def is_name(text: str) -> bool:
    """Whether a word can be an object's name, and is no word of the grammar."""
    return bool(re.fullmatch(NAME, text)) and text not in STOP and not kind_of(text)
