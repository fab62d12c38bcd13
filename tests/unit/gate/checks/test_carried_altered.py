# SPDX-License-Identifier: Apache-2.0
"""carried-altered."""

from __future__ import annotations

import json

import pytest

from pipeline_guard.gate.carried import Altered, altered, is_list
from pipeline_guard.gate.checks.carried_altered import RULE
from pipeline_guard.model.verdict import Unchecked
from tests.unit.gate.checks.deps import problems

MODULES = "# github.com/o/a v1.0.0\n## explicit\ngithub.com/o/a\n# github.com/o/a/deep v2.0.0\ngithub.com/o/a/deep\n# own.example/m v1.0.0 => ./m\n# f.example/f v1.0.0 => g.example/g v1.1.0\n"
INSTALLED = json.dumps({"packages": [{"name": "o/a", "version": "1.0.0", "source": {"reference": "abc"}}]})
SUMS = json.dumps({"files": {}, "package": "ab" * 32})


def found(before: dict[str, str], after: dict[str, str]) -> list[str]:
    changed = frozenset(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    texts = {path: text.encode() for path, text in after.items() if is_list(path) or path.endswith("/package.json")}
    items = altered(changed, after.keys(), texts, lambda path: before[path].encode() if path in before else None)
    return [problem.what for item in items if isinstance(item, Altered) for problem in problems(RULE, item)]


@pytest.mark.parametrize(
    ("path", "rest", "owner"),
    [
        ("vendor/github.com/o/a/x.go", {"vendor/modules.txt": MODULES}, "github.com/o/a v1.0.0"),
        ("svc/vendor/github.com/o/a/deep/x.go", {"svc/vendor/modules.txt": MODULES}, "github.com/o/a/deep v2.0.0"),
        ("vendor/f.example/f/x.go", {"vendor/modules.txt": MODULES}, "f.example/f v1.0.0 => g.example/g v1.1.0"),
        ("vendor/serde/src/lib.rs", {"vendor/serde/.cargo-checksum.json": SUMS}, "serde"),
        (".yarn/releases/yarn-4.1.0.cjs", {}, "yarn-4.1.0.cjs"),
        ("app/.yarn/cache/a-npm-1.0.0-0123.zip", {}, "a-npm-1.0.0-0123.zip"),
        ("vendor/cache/rake-13.0.6.gem", {}, "rake-13.0.6.gem"),
        ("vendor/o/a/src/X.php", {"vendor/composer/installed.json": INSTALLED}, "o/a 1.0.0 abc"),
        ("web/vendor/o/a/src/X.php", {"web/vendor/composer/installed.json": INSTALLED}, "o/a 1.0.0 abc"),
        ("node_modules/a/i.js", {"node_modules/a/package.json": '{"version": "1.0.0"}'}, "a 1.0.0"),
        ("x/node_modules/b/node_modules/@o/a/lib/i.js", {"x/node_modules/b/node_modules/@o/a/package.json": '{"version": "2"}'}, "@o/a 2"),
        ("gradle/wrapper/gradle-wrapper.jar", {"gradle/wrapper/gradle-wrapper.properties": "x"}, "the build wrapper, whose settings stay"),
    ],
)
def test_an_edited_file_of_an_unchanged_version_fails(path: str, rest: dict[str, str], owner: str) -> None:
    assert found(rest | {path: "a"}, rest | {path: "b"}) == [f"a file of {owner}"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"vendor/modules.txt": MODULES}, {"vendor/modules.txt": MODULES, "vendor/github.com/o/a/new.go": "a"}),
        ({"vendor/modules.txt": MODULES, "vendor/github.com/o/a/x.go": "a"}, {"vendor/modules.txt": MODULES}),
        (
            {"vendor/modules.txt": MODULES, "vendor/github.com/o/a/x.go": "a"},
            {"vendor/modules.txt": MODULES.replace("a v1.0.0", "a v1.0.1"), "vendor/github.com/o/a/x.go": "b"},
        ),
        ({"vendor/modules.txt": MODULES, "vendor/own.example/m/x.go": "a"}, {"vendor/modules.txt": MODULES, "vendor/own.example/m/x.go": "b"}),
        ({"vendor/jquery.js": "a"}, {"vendor/jquery.js": "b"}),
        ({"src/vendor.go": "a", "myvendor/x/y.go": "a"}, {"src/vendor.go": "b", "myvendor/x/y.go": "b"}),
        (
            {"vendor/serde/.cargo-checksum.json": SUMS, "vendor/serde/lib.rs": "a"},
            {"vendor/serde/.cargo-checksum.json": SUMS.replace("ab", "cd"), "vendor/serde/lib.rs": "b"},
        ),
        ({".yarn/releases/yarn-4.1.0.cjs": "a"}, {".yarn/releases/yarn-4.2.0.cjs": "b"}),
        ({".yarn/install-state.gz": "a"}, {".yarn/install-state.gz": "b"}),
        (
            {"vendor/composer/installed.json": INSTALLED, "vendor/o/a/X.php": "a"},
            {"vendor/composer/installed.json": INSTALLED.replace("abc", "abd"), "vendor/o/a/X.php": "b"},
        ),
        ({"vendor/composer/installed.json": INSTALLED, "vendor/autoload.php": "a"}, {"vendor/composer/installed.json": INSTALLED, "vendor/autoload.php": "b"}),
        ({"vendor/composer/installed.json": INSTALLED, "vendor/p/q/X.php": "a"}, {"vendor/composer/installed.json": INSTALLED, "vendor/p/q/X.php": "b"}),
        (
            {"node_modules/a/package.json": '{"version": "1.0.0"}', "node_modules/a/i.js": "a"},
            {"node_modules/a/package.json": '{"version": "1.0.1"}', "node_modules/a/i.js": "b"},
        ),
        ({"node_modules/.bin/a": "a", "node_modules/x.js": "a"}, {"node_modules/.bin/a": "b", "node_modules/x.js": "b"}),
        (
            {"gradle/wrapper/gradle-wrapper.properties": "x", "gradle/wrapper/gradle-wrapper.jar": "a"},
            {"gradle/wrapper/gradle-wrapper.properties": "y", "gradle/wrapper/gradle-wrapper.jar": "b"},
        ),
    ],
)  # fmt: skip
def test_updates_and_own_files_pass(before: dict[str, str], after: dict[str, str]) -> None:
    assert found(before, after) == []


def test_distribution_of_a_wrapper_keeps_its_digest_while_its_address_stays() -> None:
    path, url = (
        "gradle/wrapper/gradle-wrapper.properties",
        "distributionUrl=https\\://services.gradle.org/distributions/gradle-8.10-bin.zip\n",
    )
    before = {path: f"{url}distributionSha256Sum={'a' * 64}\n"}
    assert len(found(before, {path: f"{url}distributionSha256Sum={'b' * 64}\n"})) == 1
    assert len(found(before, {path: url})) == 1
    assert found(before, {path: f"{url.replace('8.10', '8.11')}distributionSha256Sum={'b' * 64}\n"}) == []
    assert found({path: url}, {path: f"{url}distributionSha256Sum={'b' * 64}\n"}) == []
    assert found(before, {path: f"# x\n{url}distributionSha256Sum={'A' * 64}\n"}) == []


def test_lists_that_are_none_say_nothing() -> None:
    for text in ("", "{", "[]", '{"package": 1}', "[" * 100_000):
        rest = {"vendor/serde/.cargo-checksum.json": text}
        assert found(rest | {"vendor/serde/lib.rs": "a"}, rest | {"vendor/serde/lib.rs": "b"}) == []


def test_more_files_than_can_be_asked_for_are_unchecked() -> None:
    names = frozenset(f".yarn/cache/a-{number}.zip" for number in range(501))
    items = list(altered(names, names, {}, lambda _: None))
    assert [type(item) for item in items] == [Unchecked]
