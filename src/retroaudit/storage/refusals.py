"""What S3 servers and boto3 refuse, by the kind of error: in our words, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from botocore.exceptions import ClientError, SSLError

DENIED: Final = frozenset({"AccessDenied", "403"})


class Refusal(NamedTuple):
    """What is wrong, and what to do."""

    words: str
    remedy: str


_KEYS: Final = "Look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or at AWS_PROFILE."
_RENEW: Final = "Get new ones: sign in again, or set AWS_SESSION_TOKEN beside the keys that it came with."
_ENDPOINT: Final = "Look at AWS_ENDPOINT_URL; without it, AWS itself is asked."
_REGION: Final = "Set AWS_DEFAULT_REGION, such as eu-central-1, to the bucket's."
_ROLES: Final = (
    "These credentials lack a right there: use those of a role that has it. The log role appends, the writer puts "
    "reports, the auditor reads, an administrator founds."
)
_AGAIN: Final = "Try again later, and ask who keeps the server."
_UNKNOWN: Final = "Look at AWS_* and the bucket's policy."

_DENIED: Final = Refusal("access denied", _ROLES)
_NO_ANSWER: Final = Refusal("no answer from the endpoint", _ENDPOINT)
_EXPIRED: Final = Refusal("credentials that have expired", _RENEW)
_NO_TOKEN: Final = Refusal("a session token that the server does not take", _RENEW)
_NO_SIGN_IN: Final = Refusal("no sign-in, or one that has expired", _RENEW)
_ELSEWHERE: Final = Refusal("a bucket in another region, or behind another endpoint", f"{_REGION} {_ENDPOINT}")
_NO_REGION: Final = Refusal("a region that is none", _REGION)
_CLOCK: Final = Refusal("a clock that is off: the server's time is another than this machine's", "Set the clock.")
_SHORT: Final = Refusal("an object that is shorter than the server says", _AGAIN)
_CONFLICTS: Final = Refusal("conflicts (409) in a row, and no writer that wins", _AGAIN)
_AWAY: Final = Refusal("a server that is not available (503), again and again", _AGAIN)
_REFUSALS: Final[Mapping[str, Refusal]] = {
    "403": _DENIED,
    "AccessDenied": _DENIED,
    "NoSuchBucket": Refusal(
        "no such bucket", "Look at its name and AWS_ENDPOINT_URL; `retroaudit store init` makes one."
    ),
    "InvalidAccessKeyId": Refusal("an access key that the server does not know", _KEYS),
    "InvalidClientTokenId": Refusal("an access key that the server does not know", _KEYS),
    "SignatureDoesNotMatch": Refusal("a secret key that is not the access key's", _KEYS),
    "NoCredentialsError": Refusal("no credentials", _KEYS),
    "PartialCredentialsError": Refusal("an access key without its secret key, or a secret key without one", _KEYS),
    "CredentialRetrievalError": Refusal("no credentials: what should give them does not", _KEYS),
    "ProfileNotFound": Refusal("no such profile", "Look at AWS_PROFILE, and at the profiles of AWS_CONFIG_FILE."),
    "ConfigParseError": Refusal("a configuration file that cannot be read", "Look at AWS_CONFIG_FILE."),
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "InvalidToken": _NO_TOKEN,
    "SSOTokenLoadError": _NO_SIGN_IN,
    "LoginTokenLoadError": _NO_SIGN_IN,
    "TokenRetrievalError": _NO_SIGN_IN,
    "UnauthorizedSSOTokenError": _NO_SIGN_IN,
    "RequestTimeTooSkewed": _CLOCK,
    "RequestExpired": _CLOCK,
    "InvalidRegionError": _NO_REGION,
    "NoRegionError": Refusal("no region", _REGION),
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "IllegalLocationConstraintException": _ELSEWHERE,
    "PermanentRedirect": _ELSEWHERE,
    "301": _ELSEWHERE,
    "EndpointConnectionError": _NO_ANSWER,
    "ConnectTimeoutError": _NO_ANSWER,
    "ConnectionClosedError": Refusal("connections that the endpoint closes", f"It may want https. {_ENDPOINT}"),
    "PlainHttp": Refusal(
        "an endpoint without TLS: it speaks http", "Write http:// in AWS_ENDPOINT_URL, or ask for https there."
    ),
    "WantsHttps": Refusal("an endpoint that wants https", "Write https:// in AWS_ENDPOINT_URL."),
    "SSLError": Refusal("a certificate that is not to be trusted", "Name its authority's file in AWS_CA_BUNDLE."),
    "ReadTimeoutError": Refusal("answers that do not come to an end", _AGAIN),
    "IncompleteReadError": _SHORT,
    "ResponseStreamingError": _SHORT,
    "ResponseParserError": Refusal("answers that are not S3's", _ENDPOINT),
    "ConditionalRequestConflict": _CONFLICTS,
    "OperationAborted": _CONFLICTS,
    "SlowDown": Refusal("a server that asks for fewer requests, again and again", _AGAIN),
    "InternalError": Refusal("errors of the server (500), again and again", _AGAIN),
    "500": Refusal(
        "errors of the server (500), or answers that are not S3's, again and again", f"{_AGAIN} {_ENDPOINT}"
    ),
    "503": _AWAY,
    "ServiceUnavailable": _AWAY,
}


def refusal(kind: str, otherwise: str = _UNKNOWN) -> Refusal:
    """What a kind of error means; one that is not known is its own word, and `otherwise` its remedy."""
    return _REFUSALS.get(kind, Refusal(kind, otherwise))


def kind_of(error: Exception) -> str:
    """The kind of an error alone, since its text may hold secrets: the server's code, or the name of boto3's class."""
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        kind = str(told.get("Code", "unknown"))
        return "WantsHttps" if kind == "400" and "HTTPS" in str(told.get("Message", "")) else kind
    if isinstance(error, SSLError) and "WRONG_VERSION_NUMBER" in str(error):
        return "PlainHttp"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return type(error).__name__
