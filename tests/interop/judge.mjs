// SPDX-License-Identifier: Apache-2.0
// @sigstore/verify as a judge, and as a signer with node's own crypto. One question as JSON on standard input, one line back.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const question = JSON.parse(readFileSync(0, "utf8"));
const require = createRequire(join(process.env.INTEROP_NPM, "package.json"));
const { bundleFromJSON, bundleToJSON, toDSSEBundle, toMessageSignatureBundle } = require("@sigstore/bundle");
const { TrustedRoot } = require("@sigstore/protobuf-specs");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");

function verify() {
  const bundle = bundleFromJSON(JSON.parse(readFileSync(question.bundle)));
  const artifact = bundle.content.$case === "messageSignature" ? readFileSync(question.artifact) : undefined;
  if (question.key) {
    const publicKey = createPublicKey(readFileSync(question.key));
    const material = {
      certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [],
      publicKey: () => ({ publicKey, validFor: () => true }),
    };
    new Verifier(material, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(toSignedEntity(bundle, artifact));
    return;
  }
  const material = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(readFileSync(question.root))));
  new Verifier(material, { tlogThreshold: 1, ctlogThreshold: 1, timestampThreshold: 1 })
    .verify(toSignedEntity(bundle, artifact), { subjectAlternativeName: question.identity, extensions: { issuer: question.issuer } });
}

function pae(type, body) {
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${body.length} `), body]);
}

function signed() {
  const key = createPrivateKey(readFileSync(question.private));
  const hash = key.asymmetricKeyType === "ed25519" ? null : "sha256";
  const body = readFileSync(question.sign);
  if (question.statement) {
    const type = "application/vnd.in-toto+json";
    const bundle = toDSSEBundle({ artifact: body, artifactType: type, signature: sign(hash, pae(type, body), key), keyHint: "" });
    return JSON.stringify(bundleToJSON(bundle));
  }
  const digest = createHash("sha256").update(body).digest();
  return JSON.stringify(bundleToJSON(toMessageSignatureBundle({ digest, signature: sign(hash, body, key), keyHint: "" })));
}

try {
  if (question.sign) console.log(signed());
  else {
    verify();
    console.log("ok");
  }
} catch (error) {
  console.log(`refused: ${error.code ?? error.name} ${error.message}`.split("\n")[0]);
  process.exit(error.code || error.constructor.name === "VerificationError" ? 1 : 3);
}
