# SPDX-License-Identifier: Apache-2.0
"""Proofs of a token's format without any network: verified, contradicted, or no test.

A proof contradicts only where the vendor's check is known and undisputed; an unknown newer version is "no test".
``PROOFS`` maps the names that rules use to functions of (value, now). Those of ``AROUND`` look at the text beside
the value too, where one half of a pair, a type or an end date stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from pipeline_guard.scan.proofs import azure, cloud, forge, jwt, keyfile, keystore, login, pem, pgp, phrase, registry, service, wallet
from pipeline_guard.scan.proofs.outcome import CONTRADICTED, NO_SECRET, NO_TEST, VERIFIED, Kind, Proof, State

__all__ = ["AROUND", "CONTRADICTED", "NO_SECRET", "NO_TEST", "PROOFS", "VERIFIED", "Kind", "Proof", "State", "judge"]

REACH = 2_500  # bytes on either side of a value that belong to it

AROUND: Mapping[str, Callable[[bytes, bytes, datetime], Proof]] = {
    "azure-sas": azure.azure_sas,
    "google-service-account": cloud.google_service_account,
    "google-user": cloud.google_user,
    "jwk": jwt.jwk_around,
    "password-hash": login.password_hash,
    "signed-url": cloud.signed_url,
    "vapid": wallet.vapid,
}


def _alone(check: Callable[[bytes, bytes, datetime], Proof], value: bytes, now: datetime) -> Proof:
    return check(value, value, now)


PROOFS: Mapping[str, Callable[[bytes, datetime], Proof]] = {
    "age": wallet.age,
    "anthropic": service.anthropic,
    "app-password": login.app_password,
    "atlassian": forge.atlassian,
    "avalanche": wallet.avalanche,
    "aws-access-key": cloud.aws_access_key,
    "aws-bedrock": cloud.aws_bedrock,
    "azure-cask": azure.azure_cask,
    "azure-devops": azure.azure_devops,
    "azure-key": azure.azure_key,
    "bare-key": pem.bare_key,
    "basic-auth": login.basic_auth,
    "bech32-key": wallet.bech32_key,
    "bip38": wallet.bip38,
    "cardano-cbor": wallet.cardano_cbor,
    "cloudflare": cloud.cloudflare,
    "cloudflare-tunnel": cloud.cloudflare_tunnel,
    "confluent": cloud.confluent,
    "cosign": keyfile.cosign,
    "crc16-seed": wallet.crc16_seed,
    "discord-bot": service.discord_bot,
    "discord-webhook": service.discord_webhook,
    "ed25519-pair": wallet.ed25519_pair,
    "elastic": service.elastic,
    "entra-secret": azure.entra_secret,
    "ethereum-keystore": wallet.ethereum_keystore,
    "extended-key": wallet.extended_key,
    "fly-token": cloud.fly_token,
    "github-app": forge.github_app,
    "github-classic": forge.github_classic,
    "github-fine-grained": forge.github_fine_grained,
    "gitlab-job": forge.gitlab_job,
    "gitlab-routable": forge.gitlab_routable,
    "google-key": cloud.google_key,
    "grafana-account": service.grafana_account,
    "grafana-cloud": service.grafana_cloud,
    "grafana-legacy": service.grafana_legacy,
    "java-keystore": keystore.java_keystore,
    "jfrog-key": registry.jfrog_key,
    "jfrog-reference": registry.jfrog_reference,
    "jwt": jwt.jwt,
    "lightning-macaroon": registry.lightning_macaroon,
    "mapbox": service.mapbox,
    "matrix-service": service.matrix_service,
    "monero-hex": wallet.monero_hex,
    "nuget": registry.nuget,
    "numbered-base64": forge.numbered_base64,
    "nx-cloud": registry.nx_cloud,
    "onepassword-account": service.onepassword_account,
    "openai": service.openai,
    "pgp-armour": pgp.armoured,
    "pgp-keyring": pgp.secret_keyring,
    "pkcs12": keystore.pkcs12,
    "polar": service.polar,
    "private-key": pem.private_key,
    "putty": keyfile.putty,
    "pypi": registry.pypi,
    "recovery-phrase": phrase.recovery_phrase,
    "ripple": wallet.ripple,
    "secp256k1": wallet.secp256k1_hex,
    "sendgrid": service.sendgrid,
    "sentry-organisation": service.sentry_organisation,
    "signify": keyfile.signify,
    "slack": service.slack,
    "slack-webhook": service.slack_webhook,
    "ssh-com": keyfile.ssh_com,
    "supabase-key": service.supabase_key,
    "synapse": service.synapse,
    "telegram": service.telegram,
    "test-mode": service.payment_mode,
    "tezos": wallet.tezos,
    "tink": service.tink,
    "totp": service.totp,
    "url-password": login.url_password,
    "unworded": login.unworded,
    "vault-token": cloud.vault_token,
    "vercel": cloud.vercel,
    "wif": wallet.wif,
    "wireguard": wallet.wireguard,
    "zuplo": service.zuplo,
} | {name: partial(_alone, check) for name, check in AROUND.items()}


def judge(name: str, text: bytes, span: tuple[int, int], now: datetime) -> Proof:
    """Judge the value at ``span`` of a text by the proof a rule names; no name, no test."""
    if not name:
        return NO_TEST
    value = text[span[0] : span[1]]
    if name in AROUND:
        return AROUND[name](value, text[max(span[0] - REACH, 0) : span[1] + REACH], now)
    return PROOFS[name](value, now)
