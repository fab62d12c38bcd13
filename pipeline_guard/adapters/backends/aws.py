# SPDX-License-Identifier: Apache-2.0
"""AWS Secrets Manager through boto3, with the credentials that boto3 finds. Facts: API reference of GetSecretValue, read 2026-11."""

from __future__ import annotations

from typing import Any

from pipeline_guard.adapters.backends.kept import NEEDS, missing
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.reference import Reference

CALLED = "AWS Secrets Manager"
_CONNECT, _READ, _ATTEMPTS = 5, 20, 3  # seconds, seconds, times
_MISSING = ("ResourceNotFoundException", "AccessDeniedException", "InvalidRequestException", "DecryptionFailure")


class SecretsManager:
    """One region of one account."""

    def __init__(self, region: str, endpoint: str) -> None:
        self._region, self._endpoint = region, endpoint

    def fetch(self, reference: Reference) -> tuple[bytes, str]:
        """Return the newest version of a secret."""
        try:
            import boto3
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
        except ImportError:
            raise Unavailable("boto3 is not installed", 'pip install "pipeline-guard[aws]"') from None
        if not self._region:
            raise UsageError(f"the region of {CALLED} is not named", "set backends.aws.region, or AWS_REGION")
        config = Config(connect_timeout=_CONNECT, read_timeout=_READ, retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"})
        try:
            session = boto3.session.Session(region_name=self._region)
            client = session.client("secretsmanager", endpoint_url=self._endpoint or None, config=config)
            found: dict[str, Any] = client.get_secret_value(SecretId=reference.path)
        except (NoCredentialsError, PartialCredentialsError):
            raise UsageError("there are no credentials for AWS", "let the job assume a role, or set AWS_ACCESS_KEY_ID and so on") from None
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _MISSING:
                raise missing(CALLED, reference) from None
            if code in ("UnrecognizedClientException", "ExpiredTokenException", "InvalidClientTokenId"):
                raise Denied(f"{CALLED} refuses the credentials: {code}", NEEDS) from None
            raise Unavailable(f"{CALLED} failed: {code or 'no code'}", NEEDS) from None
        except (BotoCoreError, ValueError) as error:
            raise Unavailable(f"{CALLED} cannot be reached: {type(error).__name__}", NEEDS) from None
        text = found.get("SecretString")
        content = text.encode("utf-8") if isinstance(text, str) else found.get("SecretBinary", b"")
        return bytes(content), str(found.get("VersionId", ""))
