"""A client of the S3 server that the environment names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import InvalidRegionError

from retroaudit.faults import BadInput, Fault
from retroaudit.storage.answers import Patience, as_faults

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OPENING_SECONDS: Final = 15.0  # a wrong address shows soon
WORKING_SECONDS: Final = 120.0  # an outage under way is waited out
_SETTINGS: Final = Config(
    retries={"mode": "standard", "total_max_attempts": 1},  # `Patience` asks again, by time
    connect_timeout=10,
    read_timeout=60,
    max_pool_connections=32,
    # The default sends its checksum as a trailer, which a writer limited by policy may not: ours goes in a header.
    request_checksum_calculation="when_required",
)
_ENCRYPTION: Final = "RETROAUDIT_S3_SSE"
_KMS_KEY: Final = "RETROAUDIT_S3_SSE_KMS_KEY"


def client_of(bucket: str, patience: Patience) -> S3Client:
    """A client with region, endpoint and credentials from AWS's usual places (`AWS_ENDPOINT_URL` among them).

    Raises `BadInput` where the endpoint is no URL. Nothing is sent yet.
    """
    subject = f"s3://{bucket}"
    with as_faults(subject):
        try:
            session = boto3.session.Session()  # of its own: boto3's default one would keep older credentials
            client = session.client("s3", config=_SETTINGS)
            if not is_amazon(client):
                # Servers of one's own rarely have a DNS name for each bucket.
                path_style = _SETTINGS.merge(Config(s3={"addressing_style": "path"}))
                client = session.client("s3", config=path_style)
        except InvalidRegionError:  # a ValueError too
            raise
        except ValueError:
            raise BadInput(Fault(subject, "an endpoint that is no URL", "AWS_ENDPOINT_URL=http(s)://host")) from None
    events: Any = client.meta.events  # its stubs know no handler that answers
    events.register("needs-retry.s3", patience)
    return client


def is_amazon(client: S3Client) -> bool:
    """Whether AWS itself answers: what AWS documents holds there, other servers differ."""
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def encryption(environ: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """How objects are encrypted at rest, as parameters of a PUT; empty where `RETROAUDIT_S3_SSE` is not set.

    >>> encryption({"RETROAUDIT_S3_SSE": "AES256"})
    {'ServerSideEncryption': 'AES256'}

    Raises `BadInput` where it is neither AES256 nor aws:kms, and where a KMS key is named without aws:kms.
    """
    kind, key = environ.get(_ENCRYPTION, ""), environ.get(_KMS_KEY, "")
    if kind not in {"", "AES256", "aws:kms"}:
        raise BadInput(Fault(_ENCRYPTION, repr(kind), "AES256, aws:kms, or nothing"))
    if key and kind != "aws:kms":
        raise BadInput(Fault(_KMS_KEY, "a KMS key", f"{_ENCRYPTION}=aws:kms beside it"))
    return {**({"ServerSideEncryption": kind} if kind else {}), **({"SSEKMSKeyId": key} if key else {})}
