"""The annotations that ingress-nginx knows: its own list of them, kubernetes.github.io/ingress-nginx."""

from __future__ import annotations

from difflib import get_close_matches

PREFIX = "nginx.ingress.kubernetes.io/"
SOURCE = "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/"
# What people write for these, and what there is.
_MEANT = {
    "rate-limit": "limit-rpm",
    "rate-limit-window": "limit-rpm",
    "rate-limit-rps": "limit-rps",
    "rate-limit-rpm": "limit-rpm",
    "rate-limit-connections": "limit-connections",
    "limit-req": "limit-rps",
    "whitelist-source-range": "allowlist-source-range",
    "max-body-size": "proxy-body-size",
    "client-max-body-size": "proxy-body-size",
    "https-redirect": "ssl-redirect",
}
_GROUPS = {
    "": "affinity affinity-canary-behavior affinity-mode allowlist-source-range app-root backend-protocol"
    " client-body-buffer-size configuration-snippet connection-proxy-header custom-headers custom-http-errors"
    " default-backend denylist-source-range disable-proxy-intercept-errors enable-access-log enable-cors"
    " enable-global-auth enable-modsecurity enable-opentelemetry enable-owasp-core-rules enable-rewrite-log"
    " fastcgi-index fastcgi-params-configmap force-ssl-redirect from-to-www-redirect http2-push-preload"
    " load-balance opentelemetry-operation-name opentelemetry-trust-incoming-span permanent-redirect"
    " permanent-redirect-code preserve-trailing-slash rewrite-target satisfy server-alias server-snippet"
    " service-upstream stream-snippet temporal-redirect temporal-redirect-code upstream-hash-by"
    " upstream-hash-by-subset upstream-hash-by-subset-size upstream-vhost use-port-in-redirects use-regex"
    " x-forwarded-prefix whitelist-source-range",
    "auth-": "always-set-cookie cache-duration cache-key keepalive keepalive-requests keepalive-share-vars"
    " keepalive-timeout method proxy-set-headers realm request-redirect response-headers secret secret-type"
    " signin signin-redirect-param snippet tls-error-page tls-match-cn tls-pass-certificate-to-upstream"
    " tls-secret tls-verify-client tls-verify-depth type url",
    "canary": " -by-cookie -by-header -by-header-pattern -by-header-value -weight -weight-total",
    "cors-": "allow-credentials allow-headers allow-methods allow-origin expose-headers max-age",
    "limit-": "allowlist burst-multiplier connections rate rate-after rpm rps whitelist",
    "mirror-": "host request-body target",
    "modsecurity-": "snippet transaction-id",
    "proxy-": "body-size buffer-size buffering buffers-number busy-buffers-size connect-timeout cookie-domain"
    " cookie-path http-version max-temp-file-size next-upstream next-upstream-timeout next-upstream-tries"
    " read-timeout redirect-from redirect-to request-buffering send-timeout ssl-ciphers ssl-name"
    " ssl-protocols ssl-secret ssl-server-name ssl-verify ssl-verify-depth",
    "session-cookie-": "change-on-failure conditional-samesite-none domain expires hash max-age name"
    " partitioned path samesite secure",
    "ssl-": "ciphers passthrough prefer-server-ciphers redirect",
}
KNOWN = frozenset(prefix + name for prefix, names in _GROUPS.items() for name in names.split(" "))


def nearest(name: str) -> str:
    """The known annotation that an unknown one was probably meant to be; empty when none is near."""
    meant = _MEANT.get(name) or next(iter(get_close_matches(name, sorted(KNOWN), n=1, cutoff=0.7)), "")
    return meant
