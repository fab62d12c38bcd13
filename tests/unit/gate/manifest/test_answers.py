# SPDX-License-Identifier: Apache-2.0
"""Manifests beside the locks of Helm, NuGet, Terraform, Mix, SwiftPM and Nix."""

from __future__ import annotations

import json

import pytest

from pipeline_guard.errors import UsageError
from pipeline_guard.gate.checks import lock_contradiction, lock_drift
from pipeline_guard.gate.manifest.answers import differences, is_one
from pipeline_guard.gate.projects import projects
from pipeline_guard.model.verdict import Unchecked
from tests.unit.gate.checks.deps import problems, read, whats
from tests.unit.gate.locks import BY_PATH, SHA512

PROMETHEUS, GRAFANA = "https://prometheus-community.github.io/helm-charts", "https://grafana.github.io/helm-charts"
# a pair as Helm 3 wrote it, with Helm's own digest
CHART = f"""apiVersion: v2
name: kube-prometheus-stack
dependencies:
  - name: crds
    version: "0.0.0"
    condition: crds.enabled
  - name: kube-state-metrics
    version: "5.16.*"
    repository: {PROMETHEUS}
    condition: kubeStateMetrics.enabled
  - name: prometheus-node-exporter
    version: "4.30.*"
    repository: {PROMETHEUS}
    condition: nodeExporter.enabled
  - name: grafana
    version: "7.3.*"
    repository: {GRAFANA}
    condition: grafana.enabled
  - name: prometheus-windows-exporter
    version: "0.3.*"
    repository: {PROMETHEUS}
    condition: windowsMonitoring.enabled
"""
CHART_LOCK = f"""dependencies:
- name: crds
  repository: ""
  version: 0.0.0
- name: kube-state-metrics
  repository: {PROMETHEUS}
  version: 5.16.0
- name: prometheus-node-exporter
  repository: {PROMETHEUS}
  version: 4.30.2
- name: grafana
  repository: {GRAFANA}
  version: 7.3.1
- name: prometheus-windows-exporter
  repository: {PROMETHEUS}
  version: 0.3.1
digest: sha256:1c7cb74fde9c43f6d2529e9b6001621c72649a8cb1cf00e02e20e24f291c436d
generated: "2024-02-22T12:16:23.259801305Z"
"""
NUGET_LOCK = json.dumps(
    {
        "version": 1,
        "dependencies": {
            "net8.0": {
                "Newtonsoft.Json": {"type": "Direct", "requested": "[13.0.3, )", "resolved": "13.0.3", "contentHash": SHA512},
                "Serilog": {"type": "Direct", "requested": "[3.1.0, )", "resolved": "3.1.0", "contentHash": SHA512},
            }
        },
    },
    indent=2,
)
PROJECT = """<Project Sdk="Microsoft.NET.Sdk">
  <ItemGroup>
    <PackageReference Include="Newtonsoft.Json" Version="13.0.3" />
    <PackageReference Include="Serilog"><Version>3.1</Version></PackageReference>
  </ItemGroup>
</Project>
"""
TF = 'terraform {\n  required_providers {\n    aws = {\n      source  = "hashicorp/aws"\n      version = "~> 5.0"\n    }\n  }\n}\n'
MIX = 'defmodule X do\n  defp deps do\n    [\n      {:jason, "~> 1.4"},\n      {:phx, github: "o/phx"}\n    ]\n  end\n  def other, do: {:error, "x"}\nend\n'
SWIFT = 'let p = Package(dependencies: [\n  .package(url: "https://github.com/apple/swift-argument-parser", from: "1.0.0"),\n])\n'
FLAKE = '{\n  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-24.05";\n}\n'


def found(lock: str, text: str, *near: tuple[str, str]) -> list[str]:
    return [
        f"{path}:{line} {name} {what}"
        for path, name, line, what in differences(read(lock, text), {path: each.encode() for path, each in near})
    ]


@pytest.mark.parametrize(
    ("lock", "text", "manifest", "content"),
    [
        ("Chart.lock", CHART_LOCK, "Chart.yaml", CHART),
        ("packages.lock.json", NUGET_LOCK, "x.csproj", PROJECT),
        ("packages.lock.json", NUGET_LOCK, "x.csproj", PROJECT.replace('Include="Newtonsoft.Json" Version="13.0.3"', 'Include="$(Name)" Version="1"')),
        ("packages.lock.json", NUGET_LOCK, "x.csproj", PROJECT.replace('Version="13.0.3"', 'Version="13.*"')),
        ("packages.lock.json", NUGET_LOCK, "x.csproj", PROJECT.replace("<ItemGroup>", "<ItemGroup Condition=\"'$(A)' == 'b'\"><PackageReference Include=\"Other\" Version=\"1.0.0\"/>")),
        (".terraform.lock.hcl", BY_PATH[".terraform.lock.hcl"].text, "main.tf", TF),
        (".terraform.lock.hcl", BY_PATH[".terraform.lock.hcl"].text, "main.tf", TF.replace("aws = {", 'x = { source = "terraform.io/builtin/terraform" }\n    aws = {')),
        (".terraform.lock.hcl", BY_PATH[".terraform.lock.hcl"].text, "main.tf", TF.replace('source  = "hashicorp/aws"', "")),
        (".terraform.lock.hcl", BY_PATH[".terraform.lock.hcl"].text.replace("registry.terraform.io", "registry.opentofu.org"), "main.tf", TF),
        ("mix.lock", BY_PATH["mix.lock"].text, "mix.exs", MIX),
        ("mix.lock", BY_PATH["mix.lock"].text, "mix.exs", MIX.replace("[\n", '[\n      {:own, path: "../own"},\n      # {:evil, "~> 1.0"},\n')),
        ("mix.lock", BY_PATH["mix.lock"].text, "mix.exs", MIX.replace("    ]\n", '    ] ++ (if x(), do: [{:dev, "~> 1.0"}], else: [])\n')),
        ("mix.lock", BY_PATH["mix.lock"].text, "mix.exs", "defmodule X do\nend\n"),
        ("Package.resolved", BY_PATH["Package.resolved"].text, "Package.swift", SWIFT),
        ("flake.lock", BY_PATH["flake.lock"].text, "flake.nix", FLAKE),
    ],
)  # fmt: skip
def test_what_belongs_together_agrees(lock: str, text: str, manifest: str, content: str) -> None:
    assert found(lock, text, (manifest, content)) == []


@pytest.mark.parametrize(
    ("lock", "text", "manifest", "content", "line"),
    [
        ("Chart.lock", CHART_LOCK, "Chart.yaml", CHART.replace("7.3.*", "8.3.*"), 15),
        ("Chart.lock", CHART_LOCK, "Chart.yaml", CHART.replace(GRAFANA, "https://charts.example"), 15),
        ("Chart.lock", CHART_LOCK, "Chart.yaml", CHART + "  - name: redis\n    version: 1.0.0\n    repository: https://charts.example\n", 23),
        ("Chart.lock", CHART_LOCK.replace("generated:", "#").replace("- name: grafana", "- name: evil"), "Chart.yaml", CHART, 15),
        ("Chart.lock", CHART_LOCK, "Chart.yaml", CHART.replace("grafana.enabled", "other.enabled"), 1),
        ("packages.lock.json", NUGET_LOCK, "x.csproj", PROJECT.replace("13.0.3", "13.0.2"), 3),
        ("packages.lock.json", NUGET_LOCK, "x.fsproj", PROJECT.replace("Serilog", "Evil"), 4),
        (".terraform.lock.hcl", BY_PATH[".terraform.lock.hcl"].text, "main.tf", TF.replace("hashicorp/aws", "evil/aws"), 3),
        (".terraform.lock.hcl", BY_PATH[".terraform.lock.hcl"].text, "versions.tofu", TF.replace("hashicorp/aws", "evil/new"), 3),
        ("mix.lock", BY_PATH["mix.lock"].text, "mix.exs", MIX.replace(":jason", ":evil"), 4),
        ("mix.lock", BY_PATH["mix.lock"].text, "mix.exs", MIX.replace('{:jason, "~> 1.4"}', '{:jason, git: "https://github.com/evil/jason"}'), 4),
        ("mix.lock", BY_PATH["mix.lock"].text.replace(":hex, :jason", ":hex, :evil"), "mix.exs", MIX, 4),
        ("mix.lock", BY_PATH["mix.lock"].text.replace('"hexpm", "ab', '"evil", "ab'), "mix.exs", MIX, 4),
        ("Package.resolved", BY_PATH["Package.resolved"].text, "Package.swift", SWIFT.replace("apple", "evil"), 2),
        ("flake.lock", BY_PATH["flake.lock"].text, "flake.nix", FLAKE.replace("NixOS", "evil"), 2),
    ],
)  # fmt: skip
def test_what_does_not_is_found_on_its_line(lock: str, text: str, manifest: str, content: str, line: int) -> None:
    assert [int(one.partition(":")[2].split()[0]) for one in found(lock, text, (manifest, content))][:1] == [line]


def test_versions_of_nuget_may_stand_in_a_file_above() -> None:
    project = PROJECT.replace(' Version="13.0.3"', "")
    central = '<Project><ItemGroup><PackageVersion Include="Newtonsoft.Json" Version="13.0.3" /></ItemGroup></Project>'
    texts = {
        "src/a/packages.lock.json": NUGET_LOCK.encode(),
        "src/a/a.csproj": project.encode(),
        "Directory.Packages.props": central.encode(),
    }

    def drift(changed: str) -> list[str]:
        items = list(projects({}, texts, frozenset((changed,))))
        return [what for item in items if not isinstance(item, Unchecked) for what in whats(lock_drift.RULE, item)]

    assert drift("src/a/a.csproj") == []
    texts["Directory.Packages.props"] = central.replace("13.0.3", "12.0.1").encode()
    assert drift("src/a/a.csproj") == ["Newtonsoft.Json 12.0.1 is asked for otherwise than the lock says"]


def test_two_projects_of_one_folder_are_left_alone() -> None:
    assert found("packages.lock.json", NUGET_LOCK, ("a.csproj", PROJECT.replace("Serilog", "Evil")), ("b.csproj", PROJECT)) == []


def test_a_project_file_that_is_no_xml_is_an_error() -> None:
    with pytest.raises(UsageError, match="not valid XML"):
        found("packages.lock.json", NUGET_LOCK, ("x.csproj", "<Project>"))


def flake(original: dict[str, str], **locked: str) -> str:
    tree = json.loads(BY_PATH["flake.lock"].text)
    tree["nodes"]["nixpkgs"]["original"] = original
    tree["nodes"]["nixpkgs"]["locked"] |= locked
    return json.dumps(tree, indent=2)


@pytest.mark.parametrize(
    "text",
    [
        flake({"type": "github", "owner": "NixOS", "repo": "nixpkgs", "ref": "nixos-24.05"}, owner="nixos"),
        flake({"type": "indirect", "id": "nixpkgs"}),
        flake({"type": "indirect", "id": "utils"}, owner="o", repo="u"),
        flake({"type": "tarball", "url": "https://flakehub.com/f/o/r/*.tar.gz"}, type="tarball", url="https://api.flakehub.com/f/pinned/o/r/1.tar.gz"),
        flake({"type": "git", "url": "https://git.example/o/r"}, type="git", url="https://git.example/o/r.git"),
    ],
)  # fmt: skip
def test_a_flake_locked_where_it_was_asked_from_passes(text: str) -> None:
    assert problems(lock_contradiction.RULE, read("flake.lock", text)) == []


@pytest.mark.parametrize(
    "text",
    [
        flake({"type": "github", "owner": "NixOS", "repo": "nixpkgs"}, owner="evil"),
        flake({"type": "indirect", "id": "nixpkgs"}, owner="evil"),
        flake({"type": "git", "url": "https://git.example/o/r"}, type="git", url="https://evil.example/o/r"),
        flake({"type": "github", "owner": "NixOS", "repo": "nixpkgs"}, type="tarball", url="https://evil.example/x.tar.gz"),
    ],
)
def test_a_flake_locked_elsewhere_fails(text: str) -> None:
    assert len(problems(lock_contradiction.RULE, read("flake.lock", text))) == 1


def test_the_manifests_are_known_by_name() -> None:
    assert all(map(is_one, ("chart.yaml", "a.csproj", "main.tf", "mix.exs", "package.swift", "flake.nix", "directory.packages.props")))
    assert not any(map(is_one, ("chart.yml", "a.sln", "main.py")))
