# SPDX-License-Identifier: Apache-2.0
"""registry-changed."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.registry_changed import RULE
from pipeline_guard.gate.manifest.registry_settings import parse
from pipeline_guard.model.gate_settings import DependencySettings, GateSettings
from tests.unit.gate.checks.deps import PLAIN, problems

CARGO = '[source.crates-io]\nreplace-with = "x"\n[source.x]\nregistry = "sparse+https://evil.example/"\n'
POM = "<repositories><repository>\n<url>{}</url></repository></repositories>"
NUGET = '<configuration>\n<packageSources>\n<add key="x" value="{}"/>\n</packageSources>\n</configuration>'


def found(path: str, text: str, settings: GateSettings = PLAIN) -> list[tuple[int, str]]:
    return [(one.location.line, one.what) for one in problems(RULE, parse(text.encode(), path), settings)]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        (".npmrc", "# c\nregistry=https://evil.example/\n", 2),
        (".npmrc", "@scope:registry = https://evil.example/\n", 1),
        (".npmrc", "registry=http://registry.npmjs.org/\n", 1),
        (".npmrc", "registry=https://registry.npmjs.org.evil.example/\n", 1),
        (".npmrc", "strict-ssl=false\n", 1),
        (".npmrc", "replace-registry-host=always\n", 1),
        (".npmrc", "allow-remote=all\n", 1),
        ("sub/.NPMRC", "https-proxy=https://evil.example\n", 1),
        (".yarnrc", 'registry "https://evil.example"\n', 1),
        (".yarnrc.yml", "npmScopes:\n  a:\n    npmRegistryServer: https://evil.example\n", 3),
        (".yarnrc.yml", "checksumBehavior: ignore\n", 1),
        (".yarnrc.yml", "enableStrictSsl: false\n", 1),
        ("bunfig.toml", '[install]\nregistry = "https://evil.example"\n', 2),
        ("pip.conf", "[global]\nindex-url = https://evil.example/simple\n", 2),
        ("pip.conf", "[global]\nextra-index-url =\n    https://pypi.org/simple\n    https://evil.example/simple\n", 4),
        ("pip.conf", "[global]\ntrusted-host = pypi.org\n", 2),
        ("uv.toml", '[[index]]\nname = "x"\nurl = "https://evil.example/simple"\n', 3),
        ("uv.toml", 'index-strategy = "unsafe-best-match"\n', 1),
        (".cargo/config.toml", CARGO, 4),
        ("nuget.config", NUGET.format("https://evil.example/v3/index.json"), 3),
        ("pyproject.toml", '[tool.x]\n[[tool.uv.index]]\nurl = "https://evil.example/simple"\n', 3),
        ("pyproject.toml", '[[tool.poetry.source]]\nname = "x"\nurl = "https://evil.example/simple"\n', 3),
        (".bundle/config", '---\nBUNDLE_MIRROR__ALL: "https://evil.example"\n', 2),
        ("pom.xml", POM.format("http://repo.maven.apache.org/maven2"), 2),
        ("pom.xml", POM.format("https://evil.example/m2"), 2),
        ("build.gradle", 'repositories {\n  maven { url "https://evil.example" }\n}\n', 2),
        ("build.gradle.kts", 'repositories {\n  maven("https://evil.example")\n}\n', 2),
        ("settings.gradle.kts", 'repositories {\n  maven {\n    url = uri("https://evil.example")\n  }\n}\n', 3),
        ("gradle/wrapper/gradle-wrapper.properties", "distributionUrl=https\\://evil.example/gradle-8.7-bin.zip\n", 1),
        ("Gemfile", '# source "https://other.example"\nsource "https://evil.example"\n', 2),
        ("Gemfile", 'source "http://rubygems.org"\n', 1),
        ("Gemfile", 'source "https://evil.example" do\n  gem "x"\nend\n', 1),
        ("Pipfile", '[[source]]\nurl = "https://evil.example/simple"\nverify_ssl = true\n', 2),
        ("Pipfile", '[[source]]\nurl = "https://pypi.org/simple"\nverify_ssl = false\n', 3),
        ("composer.json", '{"repositories": [{"type": "composer", "url": "https://evil.example"}]}', 1),
        ("composer.json", '{"repositories": {\n"x": {"type": "composer", "url": "https:\\/\\/evil.example"}}}', 2),
        ("composer.json", '{"config": {"secure-http": false}}', 1),
        ("pubspec.yaml", "dependencies:\n  x:\n    hosted:\n      url: https://evil.example\n", 4),
        ("pubspec.yaml", "dependency_overrides:\n  x:\n    hosted: https://evil.example\n", 3),
        ("pnpm-workspace.yaml", "registries:\n  default: https://evil.example/\n", 2),
        ("pnpm-workspace.yaml", "minimumReleaseAge: 0\n", 1),
        ("pnpm-workspace.yaml", "dangerouslyAllowAllBuilds: true\n", 1),
        ("pnpm-workspace.yaml", "blockExoticSubdeps: false\n", 1),
        ("Chart.yaml", "dependencies:\n  - name: x\n    repository: http://charts.example\n", 3),
        ("environment.yml", "channels:\n  - https://evil.example/channel\n", 2),
        ("environment.yml", "dependencies:\n  - pip:\n    - --extra-index-url https://evil.example/simple\n", 3),
        (".condarc", "ssl_verify: false\n", 1),
        ("pixi.toml", '[workspace]\nchannels = ["https://evil.example/channel"]\n', 2),
        ("gradle.properties", "org.gradle.jvmargs=-Xmx2g\norg.gradle.dependency.verification=off\n", 2),
        ("gradle.properties", "systemProp.org.gradle.dependency.verification=lenient\n", 1),
        ("build.gradle", "repositories {\n  maven {\n    allowInsecureProtocol = true\n  }\n}\n", 3),
        (".mvn/maven.config", "-T1C\n-Dmaven.wagon.http.ssl.insecure=true\n", 2),
        (".mvn/maven.config", "-Daether.artifactResolver.postProcessor.trustedChecksums=false\n", 1),
        ("ci/settings.xml", "<settings><mirrors><mirror>\n<url>https://evil.example/m2</url></mirror></mirrors></settings>", 2),
        (".env", "export GOFLAGS=-mod=mod\n", 1),
        (".env", "A=b\nGOSUMDB=off\n", 2),
        (".envrc", "export GOPROXY=https://evil.example,direct\n", 1),
        ("go.env", "GONOSUMDB=*\n", 1),
        (".env", "PIP_EXTRA_INDEX_URL=https://evil.example/simple\n", 1),
        (".env", "npm_config_registry=https://evil.example\n", 1),
        (".npmrc", "dangerously-allow-all-builds=true\n", 1),
        (".cargo/config.toml", '[source.x]\ngit = "https://evil.example/index"\n', 2),
        ("bunfig.toml", "[install]\nminimumReleaseAge = 0\n", 2),
    ],
)
def test_another_registry_or_a_weaker_check_fails(path: str, text: str, line: int) -> None:
    assert [at for at, _ in found(path, text)] == [line]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            ".npmrc",
            "registry=https://registry.npmjs.org/\nsave-exact=true\nengine-strict\n//registry.npmjs.org/:_authToken=${NPM_TOKEN}\nstrict-ssl=true\n",
        ),
        (".npmrc", ""),
        (".yarnrc.yml", "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.1.0.cjs\n"),
        ("bunfig.toml", "[test]\npreload = ['./x.ts']\n"),
        ("pip.conf", "[global]\nindex-url = https://pypi.org/simple\nrequire-hashes = true\n"),
        ("uv.toml", 'exclude-newer = "7 days"\n'),
        (".cargo/config.toml", '[build]\ntarget-dir = "target"\n[alias]\nx = "run"\n'),
        ("nuget.config", NUGET.format("https://api.nuget.org/v3/index.json")),
        ("nuget.config", NUGET.format("./local")),
        ("pyproject.toml", '[tool.uv.sources]\nx = { git = "https://git.example/x" }\n'),
        ("pom.xml", POM.format("https://repo.maven.apache.org/maven2")),
        ("pom.xml", POM.format("${repository}/maven2")),
        ("pom.xml", f"<project><distributionManagement>{POM.format('https://own.example')}</distributionManagement></project>"),
        ("build.gradle", 'repositories { mavenCentral() }\npublishing { repositories { maven { url "https://own.example" } } }\n'),
        ("gradle/wrapper/gradle-wrapper.properties", "distributionUrl=https\\://services.gradle.org/distributions/gradle-8.7-bin.zip\n"),
        ("Gemfile", "source 'https://rubygems.org'\ngit_source(:github) { |name| \"https://github.com/#{name}.git\" }\ngem 'rails'\n"),
        ("Gemfile", "source :rubygems\n"),
        ("Pipfile", '[[source]]\nurl = "https://${USER}:${TOKEN}@pypi.org/simple"\nverify_ssl = true\n'),
        ("composer.json", '{"repositories": [{"type": "composer", "url": "https://packages.drupal.org/8"}, {"packagist.org": false}]}'),
        (
            "composer.json",
            '{"repositories": [{"type": "vcs", "url": "https://git.example/o/r"}, {"type": "path", "url": "../x"}], "config": {"sort-packages": true}}',
        ),
        ("pubspec.yaml", "homepage: https://own.example\ndependencies:\n  x:\n    hosted: https://pub.dev\n    version: ^1.0.0\n"),
        ("brick/pubspec.yaml", "name: {{name}}\n"),
        ("pnpm-workspace.yaml", "packages:\n  - 'packages/*'\nminimumReleaseAge: 1440\nonlyBuiltDependencies:\n  - esbuild\n"),
        ("Chart.yaml", "home: http://own.example\ndependencies:\n  - name: x\n    repository: oci://registry.example/charts\n"),
        (
            "environment.yml",
            "channels:\n  - conda-forge\n  - https://conda.anaconda.org/x\ndependencies:\n  - pip:\n    - git+https://github.com/o/r\n    - --extra-index-url https://download.pytorch.org/whl/cu118\n",
        ),
        ("gradle.properties", "org.gradle.dependency.verification=strict\nurl=https://own.example\n"),
        ("build.gradle", "// allowInsecureProtocol = true\nallowInsecureProtocol = false\n"),
        ("idea/codeStyleSettings.xml", "<a>&nbsp;</b>"),
        (".mvn/jvm.config", "-Xmx1g -Djava.net.preferIPv4Stack=true\n"),
        (".env", "DATABASE_URL=postgres://u:p@localhost/x\nGOPROXY=https://proxy.golang.org,direct\nGOFLAGS=-mod=vendor\n"),
    ],
)
def test_ordinary_settings_pass(path: str, text: str) -> None:
    assert found(path, text) == []


def test_policy_allows_the_organisations_registry() -> None:
    settings = GateSettings(dependencies=DependencySettings(registries=(("npm", ("npm.corp.example",)),)))
    assert found(".npmrc", "registry=https://npm.corp.example/\n", settings) == []
    assert len(found(".npmrc", "registry=https://registry.npmjs.org/\n", settings)) == 1
