# SPDX-License-Identifier: Apache-2.0
"""Predicates by the short words that people use for them, and whether one is what its type says."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pipeline_guard.errors import UsageError
from pipeline_guard.model.document import parse_json
from pipeline_guard.model.verification import StatementFacts
from pipeline_guard.sign.model_manifest import MODEL
from pipeline_guard.sign.statement import BLOB, PROVENANCE

VSA = "https://slsa.dev/verification_summary/v1"
CYCLONEDX = "https://cyclonedx.org/bom"
SPDX = "https://spdx.dev/Document"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
MAX_PREDICATE = 16 * 1024 * 1024  # as large as forges take them

# Words and the type that is written for them. Sources: slsa.dev, in-toto/attestation spec/predicates, cyclonedx.org, spdx.dev.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "blob": BLOB,
        "model": MODEL,
        "provenance": PROVENANCE,
        "slsaprovenance": PROVENANCE,
        "vsa": VSA,
        "cyclonedx": CYCLONEDX,
        "spdx": f"{SPDX}/v2.3",
        "test-result": TEST_RESULT,
        "vulns": "https://in-toto.io/attestation/vulns/v0.1",
        "scai": "https://in-toto.io/attestation/scai/v0.3",
        "svr": "https://in-toto.io/attestation/svr/v0.1",
        "release": "https://in-toto.io/attestation/release/v0.1",
        "link": "https://in-toto.io/attestation/link/v0.3",
    }
)
# The part of a bundle's name that tells what it says: FILE.WORD.sigstore.json
BESIDE = ("provenance", "vsa", "cyclonedx", "spdx", "test-result", "vulns", "scai", "svr", "release", "link", "attestation")
_HINT = f"give a URI, or one of {', '.join(WORDS)}"
_MOST_LEVELS = 100
_RESULTS = ("PASSED", "WARNED", "FAILED")


def type_uri(word: str) -> str:
    """Return the predicate type for a word or a URI. Raises UsageError for anything else."""
    if word in WORDS:
        return WORDS[word]
    if not word.startswith(("https://", "http://", "urn:")) or not word.isascii() or not word.isprintable() or " " in word:
        raise UsageError(f"not a type of predicate: {word[:60]!r}", _HINT)
    return word


def word_for(predicate_type: str) -> str:
    """Return the word that names bundles of a type: "attestation" for what we have no word for."""
    return next((word for word in BESIDE if is_of(predicate_type, word)), "attestation")


def is_of(predicate_type: str, wanted: str) -> bool:
    """Tell whether a statement's type is the one wanted, by word or URI. Tools append versions to the two kinds of BOM."""
    if wanted in ("cyclonedx", "spdx"):
        base = CYCLONEDX if wanted == "cyclonedx" else SPDX
        return predicate_type == base or predicate_type.startswith(f"{base}/v")
    return predicate_type == WORDS.get(wanted, wanted)


def read_predicate(content: bytes, predicate_type: str, name: str) -> Mapping[str, Any]:
    """Read a predicate from a file and check what its type demands. Raises UsageError for what would be an untrue statement."""
    document = parse_json(content, name, limit=MAX_PREDICATE)
    if not isinstance(document, dict):
        raise UsageError(f"{name}: the predicate is no JSON object", "give the predicate alone, without statement or envelope")
    if "predicateType" in document or "dsseEnvelope" in document or "payloadType" in document:
        raise UsageError(f"{name}: this is a whole statement or bundle, not a predicate", "give the content of its predicate")
    why = _irregular(document, predicate_type)
    if why:
        raise UsageError(f"{name}: {why}", "name the right --predicate-type, or have its producer mend it")
    return document


def facts_of(predicate_type: str, predicate: Mapping[str, Any]) -> StatementFacts:
    """Return what a verified predicate claims of a build (in the forms of GitHub's, our and GitLab's types) or of a verification."""
    if predicate_type == VSA:
        levels = predicate.get("verifiedLevels")
        return StatementFacts(
            verifier=_claim(predicate, "verifier.id"),
            resource=_claim(predicate, "resourceUri"),
            result=_claim(predicate, "verificationResult"),
            levels=tuple(level for level in levels if isinstance(level, str))[:_MOST_LEVELS] if isinstance(levels, list) else (),
        )
    if predicate_type != PROVENANCE:
        result = predicate.get("result")
        return StatementFacts(result=result if predicate_type == TEST_RESULT and isinstance(result, str) else "")
    outside = "buildDefinition.externalParameters"
    return StatementFacts(
        builder=_claim(predicate, "runDetails.builder.id"),
        build_type=_claim(predicate, "buildDefinition.buildType"),
        source=_claim(predicate, f"{outside}.workflow.repository", f"{outside}.source"),
        commit=_claim(predicate, "buildDefinition.resolvedDependencies.0.digest.gitCommit"),
        ref=_claim(predicate, f"{outside}.workflow.ref"),
        workflow=_claim(predicate, f"{outside}.workflow.path", f"{outside}.entryPoint"),
        run=_claim(predicate, "runDetails.metadata.invocationId"),
    )


def _claim(predicate: Mapping[str, Any], *paths: str) -> str:
    """Return the first value at one of the paths if it is a text, else ""."""
    found = (field(predicate, tuple(path.split("."))) for path in paths)
    value = next((value for value in found if value), "")
    return value if isinstance(value, str) else ""


def _irregular(document: Mapping[str, Any], predicate_type: str) -> str:
    """Say what a predicate lacks that every reader of its type looks at; "" where nothing is missing."""
    if is_of(predicate_type, "cyclonedx") and document.get("bomFormat") != "CycloneDX":
        return "no CycloneDX BOM (JSON)"
    if is_of(predicate_type, "spdx") and not ("spdxVersion" in document or "@graph" in document):
        return "no SPDX document (JSON)"
    if predicate_type == PROVENANCE and not _texts(document, ("buildDefinition", "buildType"), ("runDetails", "builder", "id")):
        return "SLSA provenance names a buildType and a builder"
    if predicate_type == VSA and (
        document.get("verificationResult") not in ("PASSED", "FAILED") or not _texts(document, ("verifier", "id"), ("resourceUri",))
    ):
        return "a verification summary has a verifier, a resourceUri and PASSED or FAILED"
    if predicate_type == TEST_RESULT and document.get("result") not in _RESULTS:
        return f"a test result is one of {', '.join(_RESULTS)}"
    return ""


def _texts(document: Mapping[str, Any], *paths: tuple[str, ...]) -> bool:
    return all(isinstance(field(document, path), str) for path in paths)


def field(document: Any, path: tuple[str, ...]) -> Any:
    """Return what lies at a path of keys and, for lists, of indices; None where nothing does."""
    for step in path:
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document
