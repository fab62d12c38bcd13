# SPDX-License-Identifier: Apache-2.0
"""Credentials of an AWS role for the shortest life that STS gives: 15 minutes, and nobody can end them sooner.

Facts: AWS STS API reference, AssumeRole and AssumeRoleWithWebIdentity (DurationSeconds from 900, session policies only narrow).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.dynamic import Made, Wish
from pipeline_guard.model.secret import Secret
from pipeline_guard.ports import Clock

_SHORTEST = 900  # seconds
_DENIED = ("AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException", "InvalidIdentityToken")
_MALFORMED = ("MalformedPolicyDocument", "PackedPolicyTooLarge", "ValidationError")


@dataclass(frozen=True, slots=True)
class AwsRole:
    """One role. Without ``web_identity`` it is assumed with the credentials that boto3 finds."""

    clock: Clock
    web_identity: Callable[[], Secret] | None
    role: str
    policy: str
    region: str
    external_id: str
    endpoint: str
    form: str

    def make(self, wish: Wish) -> Made:
        """Assume the role in a session named after the lease, so that CloudTrail tells which job it was."""
        asked: dict[str, Any] = {"RoleArn": self.role, "RoleSessionName": f"guard-{wish.lease}"}
        asked["DurationSeconds"] = max(_SHORTEST, int((wish.expires - self.clock.now()).total_seconds()))
        asked |= {"Policy": self.policy} if self.policy else {}
        if self.web_identity is None:
            asked |= {"ExternalId": self.external_id} if self.external_id else {}
            answer = self._call("assume_role", asked)
        else:
            token = self.web_identity().reveal().decode("ascii", "replace").strip()
            answer = self._call("assume_role_with_web_identity", {**asked, "WebIdentityToken": token})
        found = answer["Credentials"]
        about = f"session guard-{wish.lease} of {self.role}"
        return Made(_value(found, self.form), found["Expiration"], Secret(b""), revocable=False, about=about)

    def undo(self, handle: Secret) -> None:
        """Do nothing: AWS ends no single session. In an emergency deny the role all that was issued before a time."""
        del handle

    def _call(self, name: str, asked: Mapping[str, Any]) -> Any:
        try:
            import boto3
            from botocore import UNSIGNED
            from botocore.config import Config
            from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
        except ImportError:
            raise Unavailable("boto3 is not installed", 'pip install "pipeline-guard[aws]"') from None
        unsigned = {"signature_version": UNSIGNED} if self.web_identity else {}
        config = Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 2, "mode": "standard"}, **unsigned)
        try:
            session = boto3.session.Session(region_name=self.region or None)
            client = session.client("sts", endpoint_url=self.endpoint or None, config=config)
            return getattr(client, name)(**asked)
        except NoCredentialsError:
            raise UsageError("there are no credentials for AWS", "give the broker a role, or name web-identity:") from None
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))[:60]
            if code in _DENIED:
                raise Denied(f"AWS refuses the role: {code}", "does the role trust this caller?") from None
            if code in _MALFORMED:
                raise UsageError(f"AWS does not take the session: {code}", "check policy: and longest:") from None
            raise Unavailable(f"AWS STS failed: {code or 'no code'}", "try again; if it stays, check the service") from None
        except (BotoCoreError, ValueError) as error:
            raise Unavailable(f"AWS STS cannot be reached: {type(error).__name__}", "check the network and region:") from None


def _value(found: Mapping[str, Any], form: str) -> Secret:
    """Return what AWS tools read: the answer of a credential process, or a shared credentials file."""
    expires: datetime = found["Expiration"]
    if form == "credentials-file":
        lines = (
            "[default]",
            f"aws_access_key_id={found['AccessKeyId']}",
            f"aws_secret_access_key={found['SecretAccessKey']}",
            f"aws_session_token={found['SessionToken']}",
        )
        return Secret(("\n".join(lines) + "\n").encode("ascii"))
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    return Secret(json.dumps({"Version": 1, **{name: found[name] for name in names}, "Expiration": expires.isoformat()}).encode("ascii"))
