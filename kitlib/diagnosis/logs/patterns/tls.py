"""Certificates that are refused, and two sides that do not speak the same protocol."""

from kitlib.diagnosis.logs.patterns.rule import Rule

_HOST = r"['\"‘]?(?P<host>[\w.*:-]{1,253}?)\.?['\"’]?"

RULES = (
    Rule(
        "certificate-expired",
        ("expired", "not yet valid", "notafter"),
        (
            r"certificate (?:has |is |was )?expired|CERT_HAS_EXPIRED|CERT_NOT_YET_VALID",
            r"certificate has expired or is not yet valid|certificate is not yet valid",
            r"Certificate(?:Expired|NotYetValid)Exception|NotAfter: ",
            r"expired certificate|sslv3 alert certificate expired",
        ),
    ),
    Rule(
        "certificate-name",
        ("certificate", "altname", "alternative", "doesn't match", "hostname"),
        (
            r"certificate is valid for (?P<detail>.{1,300}?), not (?P<host>[\w.*:-]{1,253})",
            r"certificate is not valid for any names, but wanted to match (?P<host>[\w.*:-]{1,253})",
            rf"Host: {_HOST} is not in the cert's altnames: (?P<detail>.{{1,300}})",
            rf"(?:Hostname|IP address) mismatch, certificate is not valid for {_HOST}(?=\W*(?:$|\s|\())",
            r"certificate subject name '(?P<detail>[^']{1,253})' "
            r"does not match target host name '(?P<host>[^']{1,253})'",
            r"no alternative certificate subject name matches target host name '(?P<host>[^']{1,253})'",
            r"No subject alternative (?:DNS )?names? "
            r"(?:matching (?:IP address )?)?(?P<host>[\w.:-]{1,253}) found",
            r"hostname '(?P<host>[^']{1,253})' doesn't match (?:either of )?(?P<detail>.{1,200})",
            r"server certificate for \"(?P<detail>[^\"]{1,253})\" "
            r".{0,80}does not match host name \"(?P<host>[^\"]{1,253})\"",
            r"cannot validate certificate for (?P<host>[\w.:-]{1,253}) because",
            r"certificate's owner does not match hostname ‘(?P<host>[^’]{1,253})’",
            r"ERR_TLS_CERT_ALTNAME_INVALID|RemoteCertificateNameMismatch|"
            r"certificate relies on legacy Common Name",
        ),
    ),
    Rule(
        "certificate-untrusted",
        ("certif", "cert_", "_cert", "pkix", "issuer", "unknown ca", "unknownissuer"),
        (
            r"certificate signed by unknown authority|self[- ]signed certificate|SELF_SIGNED_CERT",
            r"unable to get (?:local )?issuer certificate|UNABLE_TO_(?:VERIFY_LEAF|GET_ISSUER)",
            r"unable to verify the first certificate|PKIX path (?:building|validation) failed",
            r"unable to find valid certification path|CERTIFICATE_VERIFY_FAILED|certificate verify failed",
            r"certificate of .{1,100} is not trusted|doesn't have a known issuer|alert unknown ca|"
            r"\bUnknownIssuer\b",
            r"remote error: tls: (?:bad|unknown) certificate|remote certificate (?:is|was) (?:invalid|"
            r"rejected)",
            r"failed to verify certificate|certificate validation failed|alert bad certificate",
        ),
    ),
    Rule(
        "tls-mismatch",
        (
            "version",
            "tls",
            "ssl",
            "https",
            "plain http",
            "http2",
            "http/2",
            "malformed http",
            "http/0.9",
            "invalid http request",
            "preface",
            "protocol_error",
            "handshake",
            "frame too large",
        ),
        (
            r"wrong[ _]version[ _]number|first record does not look like a TLS handshake",
            r"server gave HTTP response to HTTPS client|client sent an HTTP request to an HTTPS server",
            r"plain HTTP request was sent to HTTPS port|Unsupported or unrecognized SSL message",
            r"SSL is not enabled on the server|server does not support SSL|"
            r"SSL connection has been closed unexpectedly",
            r"received record with version|Remote host terminated the handshake",
            r"packet length too long|ssl3_get_record|tlsv1 alert protocol version|no protocols available",
            r"alert handshake failure|tls: (?:handshake failure|protocol version not supported|"
            r"no supported versions)",
            r"protocol version not supported|unsupported protocol|http2: (?:frame too large|"
            r"failed reading the frame)",
            r"error reading server preface: (?:EOF|http2)|malformed HTTP (?:response|version|status)|"
            r"Received HTTP/0\.9 when not allowed",
            r"Invalid HTTP request received|HTTP/2 .{0,60}HTTP/1|PROTOCOL_ERROR|NotSslRecordException",
            r"frame with a length of \d+ exceeds the bounds|The SSL connection could not be established",
        ),
    ),
)
