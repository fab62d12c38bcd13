# SPDX-License-Identifier: Apache-2.0
"""Generic rules: the common syntaxes of an assignment, values of both kinds, and what must not fire."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_guard.adapters.rulepacks import PackagedRules
from pipeline_guard.model.finding import Confidence, Severity
from pipeline_guard.scan.detect import Candidate, Detector
from pipeline_guard.scan.generic import is_stand_in
from pipeline_guard.scan.prefilter import Prefilter
from pipeline_guard.scan.rule import parse_pack
from pipeline_guard.scan.sample import expand

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RULES = [rule for name, content in PackagedRules().texts() if "generic" in name or "infra" in name for rule in parse_pack(name, content)]


class NoCache(dict[str, bytes]):
    """A cache that lasts as long as the test."""

    def put(self, name: str, content: bytes) -> None:
        """Keep the content."""
        self[name] = content


DETECTOR = Detector(RULES, Prefilter(RULES, "generic", NoCache(), engine=False))


def found(text: str, path: str = "notes.txt") -> list[Candidate]:
    return DETECTOR.detect(text.encode("utf-8", "replace"), NOW, path=path)


CHOSEN = "Sum" + "mer2024!"
DRAWN = expand("{alnum:29}7x", "a test of generic rules")

# A syntax, and a name of the file in which it is at home.
PASSWORDS = [
    ('db_password = "{v}"', "a.py"), ("dbPassword: '{v}',", "a.js"), ('private static final String PASSWORD = "{v}";', "A.java"),
    ('let password: &str = "{v}";', "a.rs"), ('var dbPassword string = "{v}"', "a.go"), ('Password: "{v}",', "a.go"), ('password := "{v}"', "a.go"),
    ("'password' => '{v}',", "a.php"), ("define('DB_PASSWORD', '{v}');", "a.php"), ('config["password"] = "{v}"', "a.py"),
    ('user.setPassword("{v}");', "A.java"), ('client.password("{v}")', "A.kt"), ('val password: String = "{v}"', "a.scala"),
    ('Dim password As String = "{v}"', "a.vb"), ('password <- "{v}"', "a.R"), ('#define DB_PASSWORD "{v}"', "a.h"),
    ('os.getenv("DB_PASSWORD", "{v}")', "a.py"), ('password = os.environ.get("DB_PASSWORD") or "{v}"', "a.py"),
    ('password: process.env.DB_PASSWORD ?? "{v}",', "a.ts"), ('if password == "{v}":', "a.py"), ("// db password: {v}", "a.js"),
    ("DB_PASSWORD={v}", ".env"), ("export DB_PASSWORD={v}", "a.sh"), ("spring.datasource.password={v}", "a.properties"), ("password: {v}", "a.yml"),
    ("<password>{v}</password>", "settings.xml"), ('<add key="DbPassword" value="{v}"/>', "web.config"), ('<entry key="db.password">{v}</entry>', "a.xml"),
    ("- name: DB_PASSWORD\n  value: {v}", "deploy.yml"), ('{"name": "DB_PASSWORD", "value": "{v}"}', "task.json"), ("ENV DB_PASSWORD {v}", "Dockerfile"),
    ("login --password {v}", "a.sh"), ("docker run -e DB_PASSWORD={v} app", "a.sh"), ('{\\"password\\": \\"{v}\\"}', "a.log"),
    ("requests.get(url, auth=('deploy', '{v}'))", "a.py"), ('ConvertTo-SecureString "{v}" -AsPlainText -Force', "a.ps1"),
    ("master@10.0.0.7 (pw: {v})", "notes.txt"), ("CREATE USER app IDENTIFIED BY '{v}';", "a.sql"), ("the password is {v}", "README.md"),
]  # fmt: skip
KEYS = [
    ('api_key = "{v}"', "a.py"), ("clientSecret: '{v}',", "a.js"), ('const String apiKey = "{v}";', "a.dart"), ("API_KEY={v}", ".env"),
    ('client.withApiKey("{v}")', "A.java"), ('"accessToken": "{v}"', "a.json"), ("auth_token: {v}", "a.yml"), ("--token={v}", "a.sh"),
    ("https://api.builds.dev/v1?api_key={v}", "README.md"), ("Authorization: Bearer {v}", "a.http"), ("<apiKey>{v}</apiKey>", "a.xml"),
    ('headers = {"X-Api-Key": "{v}"}', "a.py"), ('"env": {"SEARCH_API_KEY": "{v}"}', "mcp.json"), ('"args": ["--api-key", "{v}"]', "mcp.json"),
]  # fmt: skip
# Where the place tells and not a name and a sign before the value.
PLACES = [
    "tokens:\n  - {v}\n", '"api_keys": ["{v}"]', "client_secret: >-\n  {v}\n", 'api_keys = {\n  builds = "{v}"\n}',
    "DbPassword:\n    Type: String\n    Default: {v}\n", '"adminPassword": {\n   "value": "{v}"\n  }', '- value: "{v}"\n  name: BUILDS_API_KEY',
    '- name: BUILDS_KEY\n  value: "{v}"', '{"name": "BUILDS_KEY", "value": "{v}"}', '<param name="secure:builds" value="{v}"/>', "BUILDS={v}",
    "X-Builds-Token:\n- {v}", "Authorization:\n- Bearer {v}", "DEBUG sent with Bearer {v}", "Authorization: builds {v}", 'Builds("x")\nBuildsClient("{v}")',
    "jwt.sign(payload, '{v}')", "hmac.new(b'{v}', message, sha256)", "app.config['hash_salt'] = '{v}'", '{"builds": {"key": "{v}"}}', "// old key: {v}",
    "the prod api key is {v}", "# password was {v}", "**Password:** {v}", "CREDS = ('admin', '{v}')", "ADMIN_LOGIN=admin:{v}", "username,password\nadmin,{v}\n",
    "| user | password |\n|---|---|\n| admin | {v} |", "INSERT INTO users (login, password) VALUES ('app', '{v}');", "htpasswd -bc f ci {v}", "net user ci {v} /add",
    "schtasks /create /tn x /ru admin /rp {v}", "echo 'root:{v}' | chpasswd", "echo {v} | docker login -u ci --password-stdin", "twine upload -u ci -p {v} dist/*",
    "vault login {v}", "    stats auth admin:{v}", "[smtp.builds.dev]:587 bot@builds.dev:{v}", "<auth-user-pass>\nci\n{v}\n</auth-user-pass>",
    "git clone https://{v}@git.builds.dev/app.git", "HOOK=https://hooks.builds.dev/services/{v}", "DSN = 'app/{v}@db.builds.dev/orcl'",
    "find(By.ID, 'password').send_keys('{v}')", '<meta-data android:name="dev.API_KEY" android:value="{v}" />', "mysql::server::root_password: {v}",
    '.password("{noop}{v}")',
]  # fmt: skip
NO_PLACES = [
    "tokens:\n  - name: build\n", '"tokens": ["the", "quick", "brown"]', "password: |\n  $(PASSWORD)\n", 'secrets: ["db_password", "api-token-v2"]',
    "DbPassword:\n    Type: String\n    NoEcho: true\n", "IMAGE_TAG=release-2024-01-15-Build12345", "Authorization: Bearer ${token}", "BUILDS_PROJECT_ID={v}",
    'client = Client("https://api.builds.dev/v1/")', "jwt.sign(payload, 'secret')", '"key": "settings.general.Title2024.label"', "public key: {v}",
    "the token is a JWT signed with RS256", "password was changed on 2024-01-01", "username,password\nadmin,password\n", "vault login -method=oidc",
    "| name | token |\n|---|---|\n| x | optional |", 'echo "$PASSWORD" | docker login -u ci --password-stdin', "docker run -u ci -p 8080:80 image",
    "https://hooks.builds.dev/v1/tasks/0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", "git clone https://deploy@git.builds.dev/app.git",
    "X-Amz-Credential=AKIAABCDEFGH2345ABCD%2F20240101%2Feu-central-1%2Fs3%2Faws4_request", '"DkimTokens": ["{v}"]', "Type: Builds::Access::Token: {v}",
    '"key": "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE{v}"',
]  # fmt: skip


@pytest.mark.parametrize("text", PLACES)
def test_value_is_found_where_its_place_tells_that_it_is_a_secret(text: str) -> None:
    (one,) = found("first = 1\n" + text.replace("{v}", DRAWN) + "\nlast = 2\n")
    assert one.value.decode() == DRAWN


@pytest.mark.parametrize("text", NO_PLACES)
def test_place_alone_makes_no_secret_of_names_numbers_and_references(text: str) -> None:
    assert found("first = 1\n" + text.replace("{v}", DRAWN) + "\nlast = 2\n") == []


@pytest.mark.parametrize(("line", "path"), PASSWORDS, ids=[line for line, _ in PASSWORDS])
@pytest.mark.parametrize("value", [CHOSEN, DRAWN[:14]], ids=["chosen", "drawn"])
def test_password_is_found_in_every_common_syntax(line: str, path: str, value: str) -> None:
    (one,) = found("first = 1\n" + line.replace("{v}", value) + "\nlast = 2\n", path)
    assert one.value == value.encode()
    assert one.confidence is Confidence.LOW
    assert one.severity in (Severity.LOW, Severity.MEDIUM)


@pytest.mark.parametrize(("line", "path"), KEYS, ids=[line for line, _ in KEYS])
def test_key_is_found_in_every_common_syntax(line: str, path: str) -> None:
    (one,) = found("first = 1\n" + line.replace("{v}", DRAWN) + "\nlast = 2\n", path)
    assert one.value == DRAWN.encode()
    assert one.severity is Severity.MEDIUM


@pytest.mark.parametrize("value", [CHOSEN, "hun" + "ter2-prod", "Tr0ub" + "4dor&3", "P@@ss" + "w0rt77", "cack" + "le!"])
def test_password_that_a_human_chose_is_found(value: str) -> None:
    (one,) = found(f'password = "{value}"')
    assert one.value == value.encode()


def test_chosen_password_is_less_grave_than_a_drawn_one() -> None:
    assert [one.severity for one in found(f'password = "{CHOSEN}"')] == [Severity.LOW]
    assert [one.severity for one in found(f'password = "{DRAWN}"')] == [Severity.MEDIUM]


@pytest.mark.parametrize(
    "line",
    ['password = "password"', 'password = "secret"', "PASSWORD=test", "password: admin", 'password = "test123"', 'password = "my_password_1"',
     'password = "Enter your password:"', '"password": "Passwort"', '"password": "Пароль"', 'password = "${DB_PASSWORD}"', "password: {{ db_password }}",
     "password: $(DB_PASSWORD)", "PASSWORD=/run/secrets/db", 'password = config.get("db2.password")', 'passwordHash = "aB3dE5fG7hJ9"',
     'token_url = "https://builds.dev/oauth2/token1"', 'secret_name = "prod-db-1"', 'api_key = "abcdefghijklmnopqrstuvwxyz123456"',
     'cache_key = "node-modules-v12-linux"', 'label_key: "settings.profile.title2"', 'key = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"',
     'csrf_token = "x7Kq3Zt9wLm2x8Kq3Zt9"', 'primary_key = "customer_id_2"', 'input[name="password"] { color: #a1b2c3 }',
     '<label for="password">Password</label>', '<input type="password" name="password" value="Password"/>', "the password is required",
     'tokens = ["IDENT1", "NUMBER2"]', 'public_key = "x7Kq3Zt9wLm2x8Kq3Zt9"', "--- PASS: TestVet/3 (0.07s)", 'ClientToken: "550e8400-e29b-41d4-a716-446655440000"',
     'SecretArn: "arn:aws:secretsmanager:eu-west-1:1234:secret:Db-a1b2c3"', 'wrong_password = "x7Kq3Zt9wLm2"', "token: !reference [.auth, token2]",
     'image: "app@sha256:' + "0123456789abcdef" * 4 + '"', '"integrity": "sha512-' + "x7Kq3Zt9" * 10 + '=="'],
)  # fmt: skip
def test_what_only_looks_like_a_secret_is_left_alone(line: str) -> None:
    assert found(f"first = 1\n{line}\nlast = 2\n", "notes.txt") == []


def test_expressions_of_source_code_are_left_alone() -> None:
    code = "password = load_password2\ntoken = tokens[index2]\nself.secret = secret.value3\nkey = make_key(seed1)\nassert token != last_token4\n"
    assert found(code, "a.py") == []


def test_value_of_a_kubernetes_secret_is_judged_decoded() -> None:
    manifest = "kind: Secret\nmetadata:\n  name: app\ndata:\n  settings: {v}\n"
    assert [one.rule.id for one in found(manifest.replace("{v}", expand("{make:basic}")))] == ["kubernetes-secret-data"]
    assert found(manifest.replace("{v}", "Y2hhbmdlbWUtbm93")) == []  # changeme-now
    assert found(manifest.replace("Secret", "ConfigMap").replace("{v}", expand("{make:basic}"))) == []


def test_bytes_of_a_key_are_no_order() -> None:
    bytes_of_key = ", ".join(str(byte) for byte in b"x\xf37Kq3\x02Zt\xe19wLm2")
    assert [one.rule.id for one in found(f"aesKey := []byte{{{bytes_of_key}}}", "a.go")] == ["secret-bytes"]
    assert found("key = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120]") == []


def test_stand_ins_are_words_and_few_digits() -> None:
    for value in (b"password", b"test123", b"my_secret_key", b"TestPassword1", b"userpassword"):
        assert is_stand_in(value)
    for value in (b"hunter2", b"dragonfire", b"12345", b"x7Kq3Zt9"):
        assert not is_stand_in(value)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abcXYZ019!#%&*+/=?^_~@.:$-'\"\\ \n{}<>()[];,", max_size=60))
def test_any_value_is_judged_without_an_error(value: str) -> None:
    for line in ("password = {}", 'api_key: "{}"', "<secret>{}</secret>", json.dumps({"token": "{}"})):
        for one in found(line.replace("{}", value)):
            assert one.value in line.replace("{}", value).encode()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("# Client password\n{v}\n", "note"), ("API Secret\n{v}\n", "note"), ('curl -u "{v}:" https://api.builds.dev', "a.sh"),
        ('[System.Net.NetworkCredential]::new("deploy", "{v}")', "a.ps1"), ('new DirectoryEntry("LDAP://BUILDS",\n    "deploy",\n    "{v}");', "A.cs"),
        ("<apiToken>\n    {v}\n</apiToken>", "a.xml"), ("buildConfigField 'String' , 'API_KEY' , '\"{v}\"'", "build.gradle"),
        ('"#define\\tpassword\\t\\"{v}\\""', "a.json"), ('{"auths": {"builds.dev": {"auth": "{v}"}}}', "config.json"),
    ],
)  # fmt: skip
def test_headings_calls_over_lines_and_nested_quotes_name_a_value(text: str, path: str) -> None:
    assert [candidate.value.decode() for candidate in found(text.replace("{v}", DRAWN), path)] == [DRAWN]


@pytest.mark.parametrize("text", ['DB_PASSWORD = "{v}"', "password={v}", '"AdminPassword" : "{v}"', "password = {v}"])
def test_words_assigned_to_a_password_are_of_low_severity(text: str) -> None:
    assert [candidate.severity for candidate in found(text.replace("{v}", "blue" + "giraffe"))] == [Severity.LOW]


@pytest.mark.parametrize(
    "text",
    ['password = "confirmation"', 'check("password", "sunflower")', "load(password=getpass_exception)", "password: sunflower", 'password_field = "sunflower"',
     '{"auths": {"builds.dev": {"auth": "' + DRAWN + '", "email": "tux@example.com"}}}', "AWS_ACCESS_KEY=" + "AKIA" + "QXRMSNTBVWYZBNXQ",
     "app_token: 743b294a-cd03-11ec-9d64-0242ac120002", "read_key=a3b8f29e4d1c6a05"],
)  # fmt: skip
def test_words_elsewhere_and_identifiers_are_left_alone(text: str) -> None:
    assert found(text, "a.py" if "getpass" in text else "notes.txt") == []


def test_values_typed_along_the_alphabet_are_of_low_severity() -> None:
    (one,) = found("SERVICE_API_KEY=svc_" + "a1b2c3d4e5f6g7h8i9j0k1l2")
    assert one.severity is Severity.LOW


def test_values_that_standards_print_are_no_secrets() -> None:
    printed = "2Yotn" + "FZFEjr1zCsicMWpAA"
    assert found('"access_token":"' + printed + '"') == []
    assert found('"access_token":"' + printed[::-1] + '"') != []
    assert found("Authorization: Basic czZCaGRSa3F0" + "MzpnWDFmQmF0M2JW") == []


def test_keys_typed_along_the_alphabet_need_a_name_that_says_key_and_length() -> None:
    typed = "abcdefghijklm" + "nopqrstuvwxyz1234567890"
    assert [one.severity for one in found("SERVICE_TOKEN=" + typed)] == [Severity.LOW]
    assert found("SERVICE_TOKEN=" + typed[:20]) == found("SERVICE_PASSWORD=" + typed) == []


@pytest.mark.parametrize(
    "text",
    ["checksum/secret: {h}", "ENV GPG_KEY={f}", '"tokenAddress": "0x{a}"', '"hashed_token": "{h}"', "passwordchars = " + "ABCDEFGHJKLMN" + "PQRSTUVWXYZ23456789",
     'name="authenticity_token" value="{h}"', "IDENTIFIED BY PASSWORD '*{f}'", "api_key=" + "0123456789abcdef" * 2,
     '"monkey": "{h}"', "verify_key = '{h}'", '"UpdateToken": "{h}"', '"password", "scram-sha-256"', 'password = "mynewpassword"',
     "token_key: 1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d"],
)  # fmt: skip
def test_digests_fingerprints_addresses_and_form_tokens_are_left_alone(text: str) -> None:
    digits = "9c1e" + "7a04b6d2f8350e4c91ab"
    named = (
        text.replace("{h}", digits * 2 + "5d7e08f3a1c62b94")
        .replace("{f}", (digits + "5d7e08f3a1c62b94").upper())
        .replace("{a}", digits + "5d7e08f3a1c62b94")
    )
    assert found(named) == []
