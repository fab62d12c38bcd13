# SPDX-License-Identifier: Apache-2.0
"""The configuration: raw text to one frozen Config, every mistake with its line and the nearest spelling."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import UnionType
from typing import Annotated, Any, Literal, Union
from urllib.parse import parse_qsl, urlsplit

import msgspec

from pipeline_guard.errors import UsageError
from pipeline_guard.model.document import Node, parse_yaml
from pipeline_guard.model.lease import Binding, Delivery
from pipeline_guard.model.reference import Reference, is_reference
from pipeline_guard.model.token_uri import TokenUri
from pipeline_guard.policy.backends import BackendsSection, check_backends
from pipeline_guard.policy.engines import KINDS, EngineSection, check_engine, check_https, check_reference
from pipeline_guard.policy.parse import Policy
from pipeline_guard.policy.parse import check as check_policy
from pipeline_guard.policy.signatures import SignaturePolicy, SignatureRule
from pipeline_guard.policy.signatures import check as check_signatures

FILE_NAME = ".pipeline-guard.yml"
POLICY_FOLDER = ".pipeline-guard/policy"
SignatureRules = tuple[SignatureRule, ...]
SEVERITIES = ("critical", "high", "medium", "low", "info")


class SecretBinding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """How one variable of a command gets its value; ``from`` defaults to the variable's own name.

    ``given`` names files whose content goes to the engine that makes the value: ``csr``, ``public-key``, ``jwk``.
    """

    from_: str = msgspec.field(default="", name="from")
    ttl: str = "15m"
    as_: Literal["env", "file"] = msgspec.field(default="env", name="as")
    given: dict[Literal["csr", "public-key", "jwk"], str] = msgspec.field(default_factory=dict)


class TokenSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Which token holds the keys; nothing given means the embedded one. ``uri`` may name a key service: ``awskms:``, ``azurekms:``, ...

    ``module-arguments`` is for modules (NSS) that want them when they are initialised. ``accept-rejected`` is the reason,
    in words, why keys are made in a token that its own examination rejects.
    """

    uri: str = ""
    module: str = ""
    module_arguments: str = ""
    pin: str = ""
    accept_rejected: str = ""


class StoreSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Where secrets, keys' records, leases and the audit log are kept; nothing given means a file in the home folder.

    ``url`` is a PostgreSQL URL without a password, ``env:NAME``: the variable that holds the whole URL, or ``https://...``: a broker.
    For a broker, ``audience`` is what identity tokens are asked for, ``ca`` a PEM file of the one authority that it is believed by,
    ``certificate`` and ``key`` PEM files of the job's own machine, where the broker wants them.
    """

    url: str = ""
    audience: str = "pipeline-guard"
    ca: str = ""
    certificate: str = ""
    key: str = ""


class WatchSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """How an issuer's forge is asked whether a job has ended: by a GitHub App and its ``key`` in the token, or by a ``token``.

    ``token`` is a reference: ``secret:NAME``, ``file:PATH`` or ``env:PIPELINE_GUARD_NAME``.
    ``api`` is GitHub's REST API or GitLab's address; ``every``: how often after one job; ``questions``: an hour, of all replicas.
    """

    app: str = ""
    key: str = ""
    token: str = ""
    api: str = ""
    every: str = "1m"
    questions: int = 3000


class IssuerSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Who is trusted to say who a job is. ``url`` is the issuer exactly as its tokens name it.

    Keys come by discovery, from ``jwks-url``, or from the file ``jwks`` where nothing may be asked. ``before-18-4`` is for a GitLab
    whose tokens do not say where a job runs.
    """

    url: str
    kind: Literal["github", "gitlab", "forgejo"]
    jwks_url: str = ""
    jwks: str = ""
    algorithms: tuple[Literal["RS256", "ES256"], ...] = ("RS256",)
    before_18_4: bool = msgspec.field(default=False, name="before-18-4")
    watch: WatchSection | None = None


class RatesSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Requests a minute."""

    issuer: int = 6000
    repository: int = 600
    job: int = 60


class BrokerSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What ``serve`` works with. ``address`` is how jobs write the broker (default: https:// and ``listen``).

    ``client-ca`` lets in only who has a certificate of that authority; ``issuer-ca`` is the authority of issuers of our own.
    ``bound`` demands identity tokens that name the job's own key in their audience. ``session`` is the longest life of anything leased.
    """

    listen: str = "127.0.0.1:8443"
    address: str = ""
    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    issuer_ca: str = ""
    audience: str = "pipeline-guard"
    bound: bool = False
    session: str = "6h"
    issuers: tuple[IssuerSection, ...] = ()
    rates: RatesSection = msgspec.field(default_factory=RatesSection)


class KeysSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Cryptoperiods of new keys, as durations."""

    period: str = "365d"
    grace: str = "30d"


class ScanSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Defaults of ``scan``."""

    threshold: Literal["critical", "high", "medium", "low", "info"] | None = None
    exclude: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    baseline: str = ""
    max_file_size: int | None = None
    max_archive_depth: int | None = None
    max_archive_size: int | None = None
    max_archive_members: int | None = None
    max_decode_depth: int | None = None
    foreign_markers: bool = False
    allow_unchecked: bool = False
    sarif_suppressed: Literal["mark", "omit"] | None = None


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """An exception to a check, with an owner and an end."""

    check: str
    reason: str
    until: str
    owner: str
    path: str = ""
    advisory: str = ""


class ArtifactRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Files that must carry a bundle made by ``key`` (a PEM file of the merge target, or a key's name).

    ``commit`` head: it must be provenance of the commit that is judged; by default it lies in FILE.provenance.sigstore.json.
    """

    path: str
    key: str
    bundle: str = ""
    commit: Literal["any", "head"] = "any"


class DependenciesSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Where packages may come from: hosts by ecosystem (``npm``, ``pypi`` ...), names that are the organisation's own, age in days."""

    registries: dict[
        Literal["npm", "pypi", "crates", "rubygems", "packagist", "pub", "conda", "terraform", "helm", "deno"], tuple[str, ...]
    ] = msgspec.field(default_factory=dict)
    internal: tuple[str, ...] = ()
    minimum_age: str = ""
    attested: tuple[str, ...] = ()
    wrappers: tuple[Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")], ...] = ()


class AdvisoriesSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Where known weaknesses are looked up, and which of them block."""

    database: str = ""
    key: str = ""
    service: str = ""
    max_age: str = "14d"
    threshold: Literal["critical", "high", "medium", "low"] = "medium"
    unscored: Literal["block", "pass"] = "block"
    scope: Literal["new", "all"] = "new"


class PublishSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """``gate --publish``: the check's name, and its parts. ``required``: a job that may not publish fails, those of forks, too."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/:-]{0,99}$")] = "pipeline-guard"
    required: bool = False
    comment: bool = True
    sarif: bool = True


class GateSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What the gate demands."""

    artifacts: tuple[ArtifactRule, ...] = ()
    waive: tuple[Waiver, ...] = ()
    allow_unchecked: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    network: bool | Literal["off", "try", "require"] = "off"  # YAML 1.1 reads a bare off as false
    second_opinions: tuple[Literal["zizmor"], ...] = ()
    dependencies: DependenciesSection = msgspec.field(default_factory=DependenciesSection)
    advisories: AdvisoriesSection = msgspec.field(default_factory=AdvisoriesSection)
    delegate: tuple[Literal["waive", "allow-unchecked", "exclude"], ...] = ()  # of an organisation: what repositories may loosen
    publish: PublishSection = msgspec.field(default_factory=PublishSection)
    lookup: dict[str, str] = msgspec.field(default_factory=dict)


class SignSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Defaults of ``sign``."""

    key: str = ""
    pq_key: str = ""
    type: Literal["blob", "provenance", "model"] | None = None
    timestamp_url: str = ""
    timestamp_key: str = ""
    timestamp_certificate: str = ""


class VerifySection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """Defaults of ``verify``: a ``key``, or a ``policy`` that says what each subject must carry (then ``key`` is not looked at)."""

    key: str = ""
    policy: tuple[SignatureRule, ...] = ()


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """The whole file; a missing file is the default of every section."""

    version: Literal[1] = 1
    token: TokenSection = msgspec.field(default_factory=TokenSection)
    store: StoreSection = msgspec.field(default_factory=StoreSection)
    secrets: dict[str, SecretBinding] = msgspec.field(default_factory=dict)
    engines: dict[str, EngineSection] = msgspec.field(default_factory=dict)
    backends: BackendsSection = msgspec.field(default_factory=BackendsSection)
    keys: KeysSection = msgspec.field(default_factory=KeysSection)
    scan: ScanSection = msgspec.field(default_factory=ScanSection)
    gate: GateSection = msgspec.field(default_factory=GateSection)
    sign: SignSection = msgspec.field(default_factory=SignSection)
    verify: VerifySection = msgspec.field(default_factory=VerifySection)
    broker: BrokerSection = msgspec.field(default_factory=BrokerSection)
    policy: Policy = msgspec.field(default_factory=Policy)

    def bindings(self) -> list[Binding]:
        """Return what ``secrets:`` binds; ``given`` still holds the names of files. An engine's life is at most its ``longest``."""
        found = []
        for variable, bound in self.secrets.items():
            name, life = bound.from_ or variable, duration(bound.ttl)
            if name in self.engines:
                life = min(life, duration(self.engines[name].longest))
            found.append(Binding(variable, name, life, Delivery(bound.as_), tuple(bound.given.items())))
        return found


_DURATION = re.compile(r"([1-9][0-9]{0,5})(s|m|h|d)")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def duration(text: str) -> timedelta:
    """Read ``30s``, ``15m``, ``2h`` or ``7d``; raise UsageError for anything else."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise UsageError(f"not a duration: {text[:40]!r}", "write a number and a unit, like 15m (s, m, h or d)")
    return timedelta(**{_UNIT[found[2]]: int(found[1])})


def parse(content: bytes, name: str = FILE_NAME) -> Config:
    """Turn the file's text into a Config; raise UsageError with file, line and nearest spelling."""
    tree = parse_yaml(content, name)
    if tree.value is None:
        tree = Node({}, 1, 1, key_lines={})
    if not isinstance(tree.value, dict):
        raise UsageError(f"{name}:{tree.line}: the configuration must be a mapping", "begin with: version: 1")
    if tree.value and tree.get("version") is None:
        raise UsageError(f"{name}:1: the key version is missing", "begin the file with: version: 1")
    _check_engines(tree, name)
    try:
        config = msgspec.convert(tree.plain(), Config)
    except msgspec.ValidationError as error:
        raise _explain(str(error), tree, name) from None
    for variable, binding in config.secrets.items():
        _check_binding(variable, binding, tree, name)
    for key in ("period", "grace"):
        try:
            duration(getattr(config.keys, key))
        except UsageError as error:
            raise UsageError(f"{name}:{tree.at(['keys', key]).line}: {error.what}", error.hint) from None
    if config.gate.network is True:
        raise UsageError(f"{name}:{tree.at(['gate', 'network']).line}: gate.network: on is not one of its values", "off, try or require")
    if config.gate.dependencies.minimum_age:
        try:
            duration(config.gate.dependencies.minimum_age)
        except UsageError as error:
            line = tree.at(["gate", "dependencies", "minimum-age"]).line
            raise UsageError(f"{name}:{line}: {error.what}", error.hint) from None
    try:
        duration(config.gate.advisories.max_age)
    except UsageError as error:
        raise UsageError(f"{name}:{tree.at(['gate', 'advisories', 'max-age']).line}: {error.what}", error.hint) from None
    try:
        check_token(config.token)
    except UsageError as error:
        raise UsageError(f"{name}:{tree.at(['token']).line}: {error.what}", error.hint) from None
    try:
        check_store_url(config.store.url)
    except UsageError as error:
        raise UsageError(f"{name}:{tree.at(['store', 'url']).line}: {error.what}", error.hint) from None
    try:
        check_broker(config.broker)
    except UsageError as error:
        raise UsageError(f"{name}:{tree.at(['broker']).line}: {error.what}", error.hint) from None
    check_backends(config.backends, name)
    check_policy(config.policy, name)
    check_signatures(config.verify.policy, name)
    return config


def with_policies(config: Config, parts: Sequence[tuple[str, bytes]]) -> Config:
    """Return the configuration with more of its policy: ``parts`` are (name, content) of files that hold what stands under ``policy:``.

    Raises UsageError with file, line and nearest spelling.
    """
    found = [config.policy]
    for name, content in parts:
        tree = parse_yaml(content, name)
        if not isinstance(tree.value, dict):
            raise UsageError(f"{name}:{tree.line}: a policy must be a mapping", "write what would stand under policy:, for example grants:")
        plain = tree.plain()
        if plain.pop("version", 1) != 1:
            raise UsageError(f"{name}:{tree.at(['version']).line}: this version is not known", "write version: 1")
        try:
            found.append(check_policy(msgspec.convert(plain, Policy), name))
        except msgspec.ValidationError as error:
            raise _explain(str(error), tree, name, Policy) from None
    whole = Policy(**{field: tuple(one for each in found for one in getattr(each, field)) for field in Policy.__struct_fields__})
    return msgspec.structs.replace(config, policy=check_policy(whole, POLICY_FOLDER)) if parts else config


def parse_signature_policy(content: bytes, name: str) -> SignatureRules:
    """Turn a policy file for ``verify`` into rules; raise UsageError with file, line and nearest spelling."""
    tree = parse_yaml(content, name)
    if not isinstance(tree.value, dict) or not tree.value:
        raise UsageError(f"{name}:{tree.line}: the policy must be a mapping", "begin with: version: 1, then rules:")
    try:
        policy = msgspec.convert(tree.plain(), SignaturePolicy)
    except msgspec.ValidationError as error:
        raise _explain(str(error), tree, name, SignaturePolicy) from None
    if not policy.rules:
        raise UsageError(f"{name}: a policy without a rule accepts nothing", "name subjects and their signers under rules:")
    return check_signatures(policy.rules, name)


def check_token(token: TokenSection) -> None:
    """Raise UsageError for a token's URI that is none or holds a PIN, and for a PIN itself; neither is shown."""
    if token.uri and "://" not in token.uri:  # those of key services are read where they are opened
        TokenUri.parse(token.uri)
    if token.pin and not re.fullmatch(r"prompt|env:[A-Za-z_][A-Za-z0-9_]*|file:.+|fd:[0-9]+", token.pin):
        raise UsageError("token.pin must say where the PIN is, not what it is", "write env:NAME, file:PATH, fd:N or prompt")


def check_store_url(text: str) -> None:
    """Raise UsageError for a store's URL that holds a password, or is none; the text itself is never shown."""
    if not text or re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*", text):
        return
    try:
        parts = urlsplit(text)
        secret = parts.password is not None or any(key in ("password", "sslpassword") for key, _ in parse_qsl(parts.query))
    except ValueError:
        raise UsageError("the store's URL cannot be read", "write it like postgresql://user@host/database") from None
    if secret:
        raise UsageError("a password has no place in the configuration", "use passfile=FILE in the URL, PGPASSFILE, or url: env:NAME")
    if parts.scheme not in ("postgresql", "postgres", "https"):
        hint = "write it like postgresql://user@host/database, env:NAME, or https://host of a broker"
        raise UsageError("the store's URL is not one of PostgreSQL, nor of a broker", hint)


def check_broker(section: BrokerSection) -> None:
    """Raise UsageError for a broker's section that cannot be meant."""
    host, _, port = section.listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError("broker.listen names no host and port", "write it like 127.0.0.1:8443")
    if section.address and (not section.address.startswith("https://") or section.address.endswith("/")):
        raise UsageError("broker.address is no https URL without a slash at its end", "write it like https://broker.example.com")
    if bool(section.certificate) != bool(section.key):
        raise UsageError("broker.certificate and broker.key belong together")
    duration(section.session)
    if len({issuer.url for issuer in section.issuers}) != len(section.issuers):
        raise UsageError("broker.issuers names one issuer twice")
    for issuer in section.issuers:
        if any(url and not url.startswith("https://") for url in (issuer.url, issuer.jwks_url)) or not issuer.algorithms:
            raise UsageError("broker.issuers: issuers and their keys have https URLs, and at least one algorithm")
        if issuer.watch:
            _check_watch(issuer, issuer.watch)
    if min(section.rates.issuer, section.rates.repository, section.rates.job) < 1:
        raise UsageError("broker.rates lets nobody in", "each is at least 1 a minute")


def _check_watch(issuer: IssuerSection, watch: WatchSection) -> None:
    if issuer.kind == "forgejo":
        raise UsageError("broker.issuers: watch is for GitHub and GitLab", "leases of Forgejo's jobs end by their time")
    duration(watch.every)
    if watch.questions < 1:
        raise UsageError("broker.issuers: watch.questions is at least 1 an hour")
    if watch.token:
        check_reference("broker.issuers: watch.token", watch.token)
    if bool(watch.token) == bool(watch.app) or bool(watch.app) != bool(watch.key) or (watch.app and issuer.kind == "gitlab"):
        raise UsageError("broker.issuers: watch says in no way, or in two, how the forge is asked", "token, or for GitHub app and key")
    if watch.app and not watch.app.isdecimal():
        raise UsageError("broker.issuers: watch.app is the App's number, in quotes")
    check_https("broker.issuers: watch.api", api_of(issuer))


def api_of(issuer: IssuerSection) -> str:
    """Return where an issuer's forge is asked; "" where it must be named and is not."""
    if issuer.watch is None or issuer.watch.api:
        return issuer.watch.api if issuer.watch else ""
    if issuer.kind == "gitlab":
        return issuer.url
    return "https://api.github.com" if issuer.url.startswith("https://token.actions.githubusercontent.com") else ""


def canonical(config: Config) -> bytes:
    """Return the configuration as JSON with every default spelt out, so that equal meanings have equal bytes."""
    return msgspec.json.encode(config, order="sorted")


def policy_digest(config: Config) -> str:
    """Return the hexadecimal SHA-256 of the policy in its canonical form."""
    return hashlib.sha256(msgspec.json.encode(config.policy, order="sorted")).hexdigest()


def _check_binding(variable: str, binding: SecretBinding, tree: Node, name: str) -> None:
    line = tree.at(["secrets", variable]).line
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]{0,127}", variable):
        raise UsageError(f"{name}:{line}: not a variable name: {variable!r}", "use capital letters, digits and _")
    try:
        duration(binding.ttl)
        if is_reference(binding.from_):
            Reference.parse(binding.from_)
    except UsageError as error:
        raise UsageError(f"{name}:{line}: {error.what}", error.hint) from None


def _check_engines(tree: Node, name: str) -> None:
    """Raise UsageError with the line of what is wrong in ``engines:``; msgspec does not tell which of a mapping's values it means."""
    engines = tree.get("engines")
    for engine, node in engines.items() if engines else ():
        kind = node.get("kind")
        section = KINDS.get(str(kind.value)) if kind else None
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}", engine):
            raise UsageError(f"{name}:{node.line}: not a name for an engine: {engine[:60]!r}", "use letters, digits, . _ - /")
        if section is None:
            line = kind.line if kind else node.line
            raise UsageError(f"{name}:{line}: engines.{engine}: no kind of engine that is known", f"kind: {' | '.join(KINDS)}")
        try:
            made = msgspec.convert(node.plain(), section)
        except msgspec.ValidationError as error:
            if "- at `" not in str(error) and "unknown field" not in str(error):
                raise UsageError(f"{name}:{node.line}: engines.{engine}: {str(error)[:1].lower()}{str(error)[1:]}") from None
            raise _explain(str(error), node, name, section) from None
        try:
            duration(made.longest)
            check_engine(made)
        except UsageError as error:
            raise UsageError(f"{name}:{node.line}: engines.{engine}: {error.what}", error.hint) from None


def _explain(message: str, tree: Node, name: str, root: Any = Config) -> UsageError:
    """Map msgspec's ``... - at `$.scan.threshold``` to the line of that node, and guess the spelling."""
    what, _, place = message.partition(" - at `")
    steps = re.findall(r"\.([A-Za-z0-9_-]+)|\[(\d+)\]|\[\.\.\.\]", place)
    path: list[str | int] = [key or int(index or 0) for key, index in steps]
    node = tree.at(path)
    unknown = re.search(r"unknown field `([^`]*)`", what)
    if unknown:
        line = (node.key_lines or {}).get(unknown[1], node.line)
        near = difflib.get_close_matches(unknown[1], _known_keys(path, root), n=1)
        hint = f"did you mean {near[0]}?" if near else f"known keys: {', '.join(_known_keys(path, root))}"
        return UsageError(f"{name}:{line}: unknown key {unknown[1]}", hint)
    where = ".".join(str(part) for part in _named(path, tree))
    mistake, hint = _mistake(what, [str(value) for value in _choices(_kind_at(path, root))])
    return UsageError(f"{name}:{node.line}: {where}: {mistake}" if where else f"{name}: {mistake}", hint)


def _named(path: list[str | int], tree: Node) -> Iterator[str | int]:
    """Give the steps of a path with the names of a mapping's members, which msgspec shows as [...]."""
    node = tree
    for part in path:
        if isinstance(part, int) and isinstance(node.value, dict) and part < len(node.value):
            part = list(node.value)[part]
        yield part
        node = node.at([part])


def _mistake(what: str, choices: list[str]) -> tuple[str, str]:
    """Say msgspec's complaint in our words, with the next step."""
    value = re.fullmatch(r"Invalid enum value '?([^']*)'?", what)
    if value and choices:
        near = difflib.get_close_matches(value[1], choices, n=1)
        return f"{value[1][:60]!r} is not one of its values", f"did you mean {near[0]}?" if near else f"one of: {', '.join(choices)}"
    kinds = re.fullmatch(r"Expected `([a-z]+)(?: \| null)?`, got `([a-z]+)`", what)
    if kinds and kinds[1] in _KINDS and kinds[2] in _KINDS:
        hint = f"one of: {', '.join(choices)}" if choices else f"write {_KINDS[kinds[1]]}"
        return f"{_KINDS[kinds[2]]} stands where {_KINDS[kinds[1]]} belongs", hint
    missing = re.fullmatch(r"Object missing required field `([^`]*)`", what)
    if missing:
        return f"the key {missing[1]} is missing", f"write {missing[1]}: with its value there"
    return what[:1].lower() + what[1:], "docs/ shows what belongs there"


_KINDS = {
    "str": "a text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def _choices(kind: Any) -> list[Any]:
    """Return the values of a Literal, also of one that may be left out."""
    arguments = getattr(kind, "__args__", ())
    if getattr(kind, "__origin__", None) is Literal:
        return list(arguments)
    optional = isinstance(kind, UnionType) or getattr(kind, "__origin__", None) is Union
    return [value for inner in arguments for value in _choices(inner)] if optional else []


def _kind_at(path: list[str | int], root: Any) -> Any:
    kind = root
    for part in path:
        kind = _descend(kind, part)
    return kind


def _known_keys(path: list[str | int], root: Any) -> list[str]:
    kind = _kind_at(path, root)
    try:
        return [field.encode_name for field in msgspec.structs.fields(kind)]
    except TypeError:
        return []


def _descend(kind: Any, part: str | int) -> Any:
    """Follow one step of a path through the types: a field of a struct, or the element of a list or mapping."""
    try:
        for field in msgspec.structs.fields(kind):
            if field.encode_name == part:
                return field.type
        return None
    except TypeError:
        arguments: tuple[Any, ...] = getattr(kind, "__args__", ())
        if getattr(kind, "__origin__", None) is dict and len(arguments) == 2:
            return arguments[1]
        return arguments[0] if arguments else None
