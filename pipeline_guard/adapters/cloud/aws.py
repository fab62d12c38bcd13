# SPDX-License-Identifier: Apache-2.0
"""AWS KMS through boto3. Our key is the alias ``alias/pipeline-guard/ID``; its label is the description of what it points to.

Facts: AWS KMS API reference (CreateKey, Sign, Encrypt, Decrypt, ScheduleKeyDeletion), read 2026-11.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pipeline_guard.adapters.cloud.token import Name, does_not_unwrap
from pipeline_guard.adapters.cloud.uri import ServiceUri
from pipeline_guard.errors import Denied, Unavailable, UsageError
from pipeline_guard.model.key import KeyType

_PREFIX = "alias/pipeline-guard/"
_CONTEXT = "pipeline-guard"
_WAIT = 7  # days until a scheduled deletion; the least that AWS permits
_CONNECT, _READ, _ATTEMPTS = 5, 20, 3  # seconds, seconds, times
_SPECS = {
    KeyType.EC_P256: "ECC_NIST_P256",
    KeyType.EC_P384: "ECC_NIST_P384",
    KeyType.RSA_3072: "RSA_3072",
    KeyType.AES_256: "SYMMETRIC_DEFAULT",
}
_SIGNING = {  # the algorithm, and the hash that we make so that the message stays here
    KeyType.EC_P256: ("ECDSA_SHA_256", "sha256"),
    KeyType.EC_P384: ("ECDSA_SHA_384", "sha384"),
    KeyType.RSA_3072: ("RSASSA_PKCS1_V1_5_SHA_256", "sha256"),
}
_BROKEN = ("InvalidCiphertextException", "IncorrectKeyException")
_DENIED = ("AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredTokenException")
_GONE = ("NotFoundException", "KMSInvalidStateException", "DisabledException")


class AwsKms:
    """One region of one account, with the credentials that boto3 finds."""

    types = frozenset(_SPECS)

    def __init__(self, place: ServiceUri, environ: Mapping[str, str]) -> None:
        try:
            import boto3
            from botocore.config import Config
        except ImportError:
            raise Unavailable("boto3 is not installed", 'pip install "pipeline-guard[aws]"') from None
        self._region = place.region or environ.get("AWS_REGION", "") or environ.get("AWS_DEFAULT_REGION", "")
        if not self._region:
            raise UsageError("the region of AWS KMS is not named", "write awskms:///?region=REGION, or set AWS_REGION")
        if place.path:
            raise UsageError("token.uri names one key of AWS KMS", "name the service alone; keys are made and found in it by name")
        config = Config(connect_timeout=_CONNECT, read_timeout=_READ, retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"})
        with _translated():
            session = boto3.session.Session(region_name=self._region)
            self._client: Any = session.client("kms", endpoint_url=place.endpoint or None, config=config)

    def facts(self) -> dict[str, str]:
        """Say which service this is."""
        return {
            "module": "awskms",
            "library": "AWS KMS",
            "label": f"awskms-{self._region}",
            "serial": f"awskms:{self._region}",
            "manufacturer": "Amazon Web Services",
            "model": "KMS",
        }

    def make(self, name: Name, key_type: KeyType) -> None:
        """Generate a key and its alias; a key without one is scheduled for deletion at once."""
        usage = "ENCRYPT_DECRYPT" if key_type is KeyType.AES_256 else "SIGN_VERIFY"
        with _translated():
            made = self._client.create_key(KeySpec=_SPECS[key_type], KeyUsage=usage, Origin="AWS_KMS", Description=name.label)
            identifier = made["KeyMetadata"]["KeyId"]
            try:
                self._client.create_alias(AliasName=_PREFIX + name.id, TargetKeyId=identifier)
            except BaseException:
                self._client.schedule_key_deletion(KeyId=identifier, PendingWindowInDays=_WAIT)
                raise

    def find(self, identifier: str, label: str) -> Sequence[tuple[Name, KeyType]]:
        """Look the aliases up; a label costs a call for each key of ours, an identifier only one."""
        kinds = {spec: kind for kind, spec in _SPECS.items()}
        found = []
        for alias in [_PREFIX + identifier] if identifier else self._aliases():
            with _translated():
                try:
                    key = self._client.describe_key(KeyId=alias)["KeyMetadata"]
                except self._client.exceptions.NotFoundException:
                    continue
            name = Name(alias.removeprefix(_PREFIX), key.get("Description", ""))
            if key.get("KeySpec") in kinds and label in ("", name.label) and key.get("KeyState") == "Enabled":
                found.append((name, kinds[key["KeySpec"]]))
        return found

    def public(self, name: Name) -> str:
        """Return the public half as PEM."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

        with _translated(name):
            der = self._client.get_public_key(KeyId=_PREFIX + name.id)["PublicKey"]
        try:
            pem = load_der_public_key(der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        except ValueError:
            raise Unavailable("AWS KMS gives a public key that is none") from None
        return pem.decode("ascii")

    def remove(self, name: Name) -> None:
        """Schedule the deletion, then take the alias away: stopped in between, the next call goes on."""
        with _translated():
            try:
                key = self._client.describe_key(KeyId=_PREFIX + name.id)["KeyMetadata"]
                if key.get("KeyState") != "PendingDeletion":
                    self._client.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=_WAIT)
                self._client.delete_alias(AliasName=_PREFIX + name.id)
            except self._client.exceptions.NotFoundException:
                return

    def sign(self, name: Name, key_type: KeyType, message: bytes) -> bytes:
        """Sign the digest."""
        algorithm, prehash = _SIGNING[key_type]
        digest = hashlib.new(prehash, message).digest()
        with _translated(name):
            answer = self._client.sign(KeyId=_PREFIX + name.id, Message=digest, MessageType="DIGEST", SigningAlgorithm=algorithm)
        return bytes(answer["Signature"])

    def encrypt(self, name: Name, content: bytes, associated: bytes) -> bytes:
        """Encrypt with the encryption context as associated data."""
        with _translated(name):
            answer = self._client.encrypt(KeyId=_PREFIX + name.id, Plaintext=content, EncryptionContext=_context(associated))
        return bytes(answer["CiphertextBlob"])

    def decrypt(self, name: Name, content: bytes, associated: bytes) -> bytes:
        """Decrypt under this key only, whatever the ciphertext names."""
        from botocore.exceptions import ClientError

        with _translated(name):
            try:
                answer = self._client.decrypt(KeyId=_PREFIX + name.id, CiphertextBlob=content, EncryptionContext=_context(associated))
            except ClientError as error:
                # a ciphertext may name a key that is nowhere: then ours is still there
                if _code(error) not in (*_BROKEN, "NotFoundException", "AccessDeniedException") or not self.find(name.id, ""):
                    raise
                raise does_not_unwrap() from None
        return bytes(answer["Plaintext"])

    def _aliases(self) -> Iterator[str]:
        with _translated():
            for page in self._client.get_paginator("list_aliases").paginate():
                yield from (alias["AliasName"] for alias in page["Aliases"] if alias["AliasName"].startswith(_PREFIX))


def _context(associated: bytes) -> dict[str, str]:
    """Bind ``associated`` by its SHA-256: AWS writes contexts into its logs, and takes no empty ones."""
    return {_CONTEXT: hashlib.sha256(associated).hexdigest()}


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _translated(name: Name | None = None) -> Iterator[None]:
    """Turn what boto3 raises into ours; the service's own text may quote what was sent, so only its code is told."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

    try:
        yield
    except (NoCredentialsError, PartialCredentialsError):
        raise UsageError("there are no credentials for AWS", "let the job assume a role, or set AWS_ACCESS_KEY_ID and so on") from None
    except ClientError as error:
        code = _code(error)
        if code in _DENIED:
            raise Denied(f"AWS KMS refuses: {code}", "docs/key-services.md lists the permissions that are needed") from None
        if code in _GONE:
            label = f" {name.label}" if name else ""
            raise Unavailable(f"the key{label} cannot be used in AWS KMS: {code}", "is this its region and account?") from None
        raise Unavailable(f"AWS KMS failed: {code or 'no code'}", "try again; if it stays, check the service") from None
    except (BotoCoreError, ValueError) as error:
        raise Unavailable(f"AWS KMS cannot be reached: {type(error).__name__}", "check the network, the region and token.uri") from None
