"""When certificates end, as far as a scan keeps them: a certificate is public, its key is not kept."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

from kitlib.cluster.resource import Resource


def expiry(secret: Resource, key: str = "tls.crt") -> datetime | None:
    """When the first certificate in a Secret ends; None when it holds none."""
    from cryptography import x509

    encoded = (secret.get("data") or {}).get(key)
    if not encoded:
        return None
    try:
        return x509.load_pem_x509_certificate(base64.b64decode(encoded)).not_valid_after_utc
    except (binascii.Error, ValueError):
        return None
