# SPDX-License-Identifier: Apache-2.0
"""What each foreign program does with bundles of bare keys, and with those of a private trust root; docs/interop.md shows it."""

from __future__ import annotations

COSIGN, GO, NPM, PYTHON, SSLIB, MODEL = (
    "cosign",
    "sigstore-go",
    "@sigstore/verify",
    "sigstore (Python)",
    "securesystemslib",
    "model-signing",
)

# statement signed with a bare key: who verifies it. P-384 is hashed with SHA-384 by us, model-signing and securesystemslib, RSA is PKCS #1 v1.5.
KEYS: dict[str, set[str]] = {
    "ec-p256": {COSIGN, NPM, SSLIB, MODEL},
    "ed25519": {COSIGN, NPM, SSLIB},
    "rsa-3072": {COSIGN, NPM},
    "ec-p384": {SSLIB, MODEL},
}
KEY_JUDGES = (COSIGN, NPM, SSLIB, MODEL)
# signed with a certificate of a private trust root
CERTIFIED: dict[str, set[str]] = {
    "a file (messageSignature)": {COSIGN, GO, NPM, PYTHON},
    "a statement about a file": {COSIGN, GO, NPM, PYTHON},
    "SLSA provenance": {COSIGN, GO, NPM, PYTHON},
    "a model": {COSIGN, GO, NPM, PYTHON, MODEL},
}
CERTIFIED_JUDGES = (COSIGN, GO, NPM, PYTHON, MODEL)


def table(rows: dict[str, set[str]], judges: tuple[str, ...], head: str) -> str:
    """Return rows as a Markdown table."""
    lines = [f"| {head} | {' | '.join(judges)} |", "|" + "---|" * (len(judges) + 1)]
    lines += [f"| {name} | {' | '.join('yes' if judge in accepted else 'no' for judge in judges)} |" for name, accepted in rows.items()]
    return "\n".join(lines)
