"""Secrets as a diagnosis keeps them: which keys there are, what they point at, never what they hold.

A value stays only where it is no secret: an address with its credentials masked, the name of a host, user or
database, and a certificate, which every client of the server gets to see.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import urlsplit

from kitlib import redaction

HIDDEN = ""
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://\S+")
# What such keys hold is the name of something, as in kitlib.redaction.
_NAME = re.compile(r"^(.*[_.-])?(user|username|database|dbname|db|host|hostname|port|type)$", re.IGNORECASE)


def keep(secret: dict[str, Any]) -> dict[str, Any]:
    """The Secret with each value hidden that could be one; its real values are remembered for redaction."""
    redaction.remember(secret)
    data = {key: _kept(key, str(value)) for key, value in (secret.get("data") or {}).items()}
    metadata = {k: v for k, v in secret["metadata"].items() if k != "annotations"}  # may hold a whole copy
    return {**secret, "metadata": metadata, "data": data}


def _kept(key: str, encoded: str) -> str:
    try:
        text = base64.b64decode(encoded).decode()
    except (binascii.Error, UnicodeDecodeError):
        return HIDDEN
    certificates = "\n".join(_CERTIFICATE.findall(text))
    if certificates:
        return _encoded(certificates)
    if _NAME.match(key):
        return encoded
    if _ADDRESS.fullmatch(text.strip()):
        return _encoded(",".join(_address(url) for url in text.strip().split(",")))
    return HIDDEN


def _address(url: str) -> str:
    """Where an address points; credentials, parameters and a web address's path may be secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    path = "" if parts.scheme in ("http", "https") else parts.path
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{'***@' if '@' in parts.netloc else ''}{place}{path}"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
