# SPDX-License-Identifier: Apache-2.0
"""Our key life cycle against the server of PyKMIP, which we did not write: random commands, the same answers and states.

Where the two disagree, DIFFERENCES says so and names who decides; docs/keys.md has the same table for people. A
disagreement that is not in it fails, and so does one in it that did not happen. Suspension, archives, waiting times
and dates are not in KMIP 1.x and stay out.
"""

from __future__ import annotations

import random
import secrets
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import event

from pipeline_guard.errors import Denied
from pipeline_guard.keys.lifecycle import apply, check_processes, check_protects
from pipeline_guard.model.key import USAGE_OF, KeyCommand, KeyRecord, KeyRef, KeyState, KeyType, Revocation

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of 2017's SQLAlchemy and ciphers, which PyKMIP imports
    from kmip.core import enums, objects, policy
    from kmip.core.attributes import CryptographicParameters, UniqueIdentifier
    from kmip.core.messages import contents, messages, payloads
    from kmip.pie import objects as pie
    from kmip.services.server.engine import KmipEngine

pytestmark = pytest.mark.filterwarnings("ignore")

OPERATIONS = 10_000
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ASIDE = CryptographicParameters(
    cryptographic_algorithm=enums.CryptographicAlgorithm.AES,
    block_cipher_mode=enums.BlockCipherMode.CBC,
    padding_method=enums.PaddingMethod.PKCS5,
)
SIGNING = CryptographicParameters(
    cryptographic_algorithm=enums.CryptographicAlgorithm.RSA,
    hashing_algorithm=enums.HashingAlgorithm.SHA_256,
    padding_method=enums.PaddingMethod.PKCS1v15,
)
REASONS = {reason: enums.RevocationReasonCode[reason.name.replace("CESSATION", "CESSATION_OF_OPERATION")] for reason in Revocation}
STATES = {
    enums.State.PRE_ACTIVE: "pre-activation",
    enums.State.ACTIVE: "active",
    enums.State.DEACTIVATED: "deactivated",
    enums.State.COMPROMISED: "compromised",
}

# (operation, state before, usage; "" for both): what we answer, what PyKMIP answers
DIFFERENCES = {
    # SP 800-57 Part 1 Rev. 5, section 7, transition 5: an active private signature key may be destroyed at the end of its use
    ("destroy", "active", "sign"): ("destroyed", "refused"),
    # KMIP 1.4, 4.20: with either compromise the object goes to compromised; PyKMIP knows Key Compromise only
    ("revoke ca-compromise", "pre-activation", ""): ("compromised", "refused"),
    ("revoke ca-compromise", "active", ""): ("compromised", "deactivated"),
    ("revoke ca-compromise", "deactivated", ""): ("compromised", "refused"),
    # SP 800-57 has no transition from compromised to itself; taking it again would move the date of the compromise
    ("revoke key-compromise", "compromised", ""): ("refused", "compromised"),
    # SP 800-57 Part 1 Rev. 5, section 7, deactivated state: what such a key protected may still be processed; PyKMIP decrypts with active keys only
    ("decrypt", "deactivated", "wrap"): ("done", "refused"),
}


@dataclass
class Pair:
    """One key, in our record and in the server."""

    record: KeyRecord
    there: str
    gone: bool = False
    sealed: tuple[bytes, bytes] = (b"", b"")

    @property
    def state(self) -> str:
        return self.record.state.value


class Server:
    """PyKMIP's engine, asked with whole requests of KMIP 1.4 as its sockets would."""

    def __init__(self, database: Path) -> None:
        self._engine = KmipEngine(policies=policy.policies, database_path=str(database))
        event.listen(self._engine._data_store, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))

    def ask(self, operation: Any, payload: Any) -> Any | None:
        """Return the answer, None for a refusal; an answer that is neither fails the test."""
        version = contents.ProtocolVersion(1, 4)
        header = messages.RequestHeader(protocol_version=version, batch_count=contents.BatchCount(1))
        item = messages.RequestBatchItem(operation=contents.Operation(operation), request_payload=payload)
        answer, _, _ = self._engine.process_request(messages.RequestMessage(request_header=header, batch_items=[item]), ("tester", None))
        found = answer.batch_items[0]
        if found.result_status.value is enums.ResultStatus.SUCCESS:
            return found.response_payload
        assert found.result_reason.value in (
            enums.ResultReason.PERMISSION_DENIED,
            enums.ResultReason.ILLEGAL_OPERATION,
            enums.ResultReason.ITEM_NOT_FOUND,
        ), found.result_message
        return None

    def state(self, key: str) -> str:
        payload = payloads.GetAttributesRequestPayload(unique_identifier=key, attribute_names=["State"])
        answer = self.ask(enums.Operation.GET_ATTRIBUTES, payload)
        return "destroyed" if answer is None else STATES[answer.attributes[0].attribute_value.value]

    def register(self, value: Any) -> str:
        """Keep a key, whose state is then pre-active."""
        from kmip.pie.factory import ObjectFactory

        masks = objects.Attribute(
            attribute_name=objects.Attribute.AttributeName("Cryptographic Usage Mask"),
            attribute_value=_mask(value.cryptographic_usage_masks),
        )
        payload = payloads.RegisterRequestPayload(
            object_type=value.object_type,
            template_attribute=objects.TemplateAttribute(attributes=[masks]),
            managed_object=ObjectFactory().convert(value),
        )
        return str(self.ask(enums.Operation.REGISTER, payload).unique_identifier)


def _mask(masks: Any) -> Any:
    from kmip.core.factories.attribute_values import AttributeValueFactory

    return AttributeValueFactory().create_attribute_value(enums.AttributeType.CRYPTOGRAPHIC_USAGE_MASK, masks)


def ours(act: Callable[[], KeyRecord | None], pair: Pair) -> str:
    """Do it on our side; return the state it led to, "done" for a use, or "refused"."""
    try:
        after = act()
    except Denied:
        return "refused"
    if after is None:
        return "done"
    pair.record = after
    return after.state.value


def destroyed(record: KeyRecord) -> KeyRecord:
    """Destroy without waiting, as `keys destroy --wait 0` does."""
    return apply(apply(record, KeyCommand.SCHEDULE, NOW, wait=timedelta(0)), KeyCommand.DESTROY, NOW)


def theirs(answer: Any | None, server: Server, pair: Pair, *, use: bool) -> str:
    if answer is None:
        return "refused"
    return "done" if use else server.state(pair.there)


def step(name: str, pair: Pair, server: Server) -> tuple[str, str]:
    """Do one thing on both sides."""
    key, record = UniqueIdentifier(pair.there), pair.record
    verb, _, word = name.partition(" ")
    if verb == "activate":
        answer = server.ask(enums.Operation.ACTIVATE, payloads.ActivateRequestPayload(unique_identifier=key))
        return ours(lambda: apply(record, KeyCommand.ACTIVATE, NOW), pair), theirs(answer, server, pair, use=False)
    if verb == "revoke":
        reason = Revocation(word)
        code = objects.RevocationReason(code=REASONS[reason])
        answer = server.ask(enums.Operation.REVOKE, payloads.RevokeRequestPayload(unique_identifier=key, revocation_reason=code))
        return ours(lambda: apply(record, KeyCommand.REVOKE, NOW, reason=reason), pair), theirs(answer, server, pair, use=False)
    if verb == "destroy":
        answer = server.ask(enums.Operation.DESTROY, payloads.DestroyRequestPayload(unique_identifier=key))
        return ours(lambda: destroyed(record), pair), theirs(answer, server, pair, use=False)
    if verb == "sign":
        body = payloads.SignRequestPayload(unique_identifier=pair.there, cryptographic_parameters=SIGNING, data=b"message")
        return ours(lambda: check_protects(record, NOW), pair), theirs(server.ask(enums.Operation.SIGN, body), server, pair, use=True)
    if verb == "encrypt":
        body = payloads.EncryptRequestPayload(
            unique_identifier=pair.there, cryptographic_parameters=ASIDE, data=b"data key", iv_counter_nonce=b"\x07" * 16
        )
        answer = server.ask(enums.Operation.ENCRYPT, body)
        pair.sealed = (answer.data, b"\x07" * 16) if answer else pair.sealed
        return ours(lambda: check_protects(record, NOW), pair), theirs(answer, server, pair, use=True)
    data, nonce = pair.sealed if pair.sealed[0] else (b"\0" * 16, b"\x07" * 16)
    body = payloads.DecryptRequestPayload(unique_identifier=pair.there, cryptographic_parameters=ASIDE, data=data, iv_counter_nonce=nonce)
    answer = server.ask(enums.Operation.DECRYPT, body)
    assert answer is None or answer.data == b"data key"
    return ours(lambda: check_processes(record, NOW), pair), theirs(answer, server, pair, use=True)


def begin(kind: KeyType, server: Server, private: bytes) -> Pair:
    record = KeyRecord(KeyRef("k", 1, kind, USAGE_OF[kind], "ab"), KeyState.PRE_ACTIVATION, NOW, "serial")
    if kind is KeyType.AES_256:
        masks = [enums.CryptographicUsageMask.ENCRYPT, enums.CryptographicUsageMask.DECRYPT]
        there = server.register(pie.SymmetricKey(enums.CryptographicAlgorithm.AES, 256, secrets.token_bytes(32), masks=masks))
    else:
        masks = [enums.CryptographicUsageMask.SIGN]
        there = server.register(pie.PrivateKey(enums.CryptographicAlgorithm.RSA, 1024, private, enums.KeyFormatType.PKCS_8, masks=masks))
    return Pair(record, there)


def test_random_commands_lead_to_the_same_answers_as_in_a_server_of_others(tmp_path: Path) -> None:
    # small, because it is the server that is slow; no value is ever compared
    private = rsa.generate_private_key(65537, 1024).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    server, chance = Server(tmp_path / "kmip.db"), random.Random(57)
    pairs: list[Pair] = []
    seen: Counter[tuple[str, str, str]] = Counter()
    done: Counter[tuple[str, str]] = Counter()
    for number in range(OPERATIONS):
        if len(pairs) < 12:
            pairs.append(begin(chance.choice((KeyType.AES_256, KeyType.RSA_3072)), server, private))
        pair = chance.choice(pairs)
        usage, before = pair.record.ref.usage.value, pair.state
        uses = ["sign"] if usage == "sign" else ["encrypt", "decrypt"]
        name = chance.choice(["activate", "activate", "destroy", *(f"revoke {reason.value}" for reason in Revocation), *uses, *uses, *uses])
        if name == "decrypt" and not pair.sealed[0]:
            name = "encrypt"  # there is nothing yet that could be decrypted
        we, they = step(name, pair, server)
        done[name, before] += 1
        if we != they:
            place = (name, before, usage if (name, before, usage) in DIFFERENCES else "")
            assert place in DIFFERENCES, f"operation {number}: {name} of a {usage} key that is {before}: we say {we}, PyKMIP says {they}"
            assert (we, they) == DIFFERENCES[place], (number, place)
            seen[place] += 1
        # after a disagreement the two are no longer in the same state, so the pair ends; so it does a while after its end
        if (we != they and "done" not in (we, they) and pair.state != server.state(pair.there)) or (
            pair.state == "destroyed" and chance.random() < 0.2
        ):
            pairs.remove(pair)
        else:
            assert pair.state == server.state(pair.there)
    assert set(seen) == set(DIFFERENCES)
    assert len(done) == 9 * 5 + 3 * 5 - 1  # every command in every state; what never became active never encrypted, so is not decrypted
