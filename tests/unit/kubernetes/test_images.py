"""Which images prove a tool, through any registry or mirror, and which only look like it (D2)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from installed_worlds import CATALOG, RECOGNISER, official

from mas.core.tools import Component, Tool
from mas.kubernetes.images import parse_image

TOOLS = [pytest.param(tool, id=tool.id) for tool in CATALOG.tools.values()]
DIGEST = "sha256:" + "0123456789abcdef" * 4
ANYBODYS = ("release/", "testing/")
"""Beginnings of paths that any private registry may have."""


def certain(image: str) -> set[tuple[str, str]]:
    candidates = RECOGNISER.candidates(image)
    return {(one.tool.id, one.component.name) for one in candidates if one.certain}


def tools(image: str) -> set[str]:
    return {one.tool.id for one in RECOGNISER.candidates(image)}


def images(tool: Tool) -> Iterator[tuple[Component, str]]:
    """Each component with each of its images, as the catalog writes them."""
    for component in tool.components:
        for image in component.images:
            yield component, image


def paths(tool: Tool) -> Iterator[tuple[tuple[str, str], str]]:
    """What is proven, and the whole repository path without a tag; wildcards are filled in."""
    for component, image in images(tool):
        if "/" in image:
            yield (tool.id, component.name), image.replace("*", "10a3e327")


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_an_official_image_proves_its_component(tool: Tool) -> None:
    for component, image in images(tool):
        assert (tool.id, component.name) in certain(official(image)), image


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_it_does_from_any_public_registry_by_tag_or_digest(tool: Tool) -> None:
    for proven, path in paths(tool):
        for host in ("quay.io/", "ghcr.io/", "docker.io/", "registry.k8s.io/", ""):
            for end in (":v1", f"@{DIGEST}", f":v1@{DIGEST}"):
                assert proven in certain(f"{host}{path}{end}"), f"{host}{path}{end}"


@pytest.mark.parametrize(
    "prefix",
    [
        "mirror.corp:5000/quay.io/",
        "mirror.corp:5000/cache/team-a/ghcr.io/",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/",
        "harbor.corp/dockerhub-proxy/",
        "europe-docker.pkg.dev/project/mirror/",
        "localhost:5000/",
        "10.0.0.5:30500/",
    ],
)
@pytest.mark.parametrize("tool", TOOLS)
def test_d2_a_mirror_that_keeps_the_path_proves_it(tool: Tool, prefix: str) -> None:
    for proven, path in paths(tool):
        if not path.startswith(ANYBODYS):
            assert proven in certain(f"{prefix}{path}:v1"), path
            assert proven in certain(f"{prefix}{path}@{DIGEST}"), path


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_a_path_flattened_with_dashes_proves_it(tool: Tool) -> None:
    for proven, path in paths(tool):
        for flat in (
            "rancher/mirrored-" + path.replace("/", "-"),
            "registry.corp/mirror/" + path.replace("/", "-"),
            "registry.corp/quay.io-" + path.replace("/", "-"),
            "registry.corp/docker.io_" + path.replace("/", "_"),
            "registry.corp/mirrored-ghcr-io-" + path.replace("/", "--"),
        ):
            assert proven in certain(f"{flat}:v1"), flat


@pytest.mark.parametrize(
    ("image", "tool"),
    [
        ("docker.io/bitnami/argo-cd:2.14.2-debian-12-r3", "argo-cd"),
        ("bitnamilegacy/grafana-loki:3.4", "loki"),
        ("cgr.dev/chainguard/argocd:latest", "argo-cd"),
        ("rancher/hardened-k8s-metrics-server:v0.7.2-build20250110", "metrics-server"),
        ("rancher/mirrored-cilium-operator-generic:v1.17.0", "cilium"),
        ("rancher/mirrored-library-traefik:3.3.6", "traefik"),
        ("rancher/klipper-lb:v0.4.13", "servicelb"),
        ("docker.gitea.com/gitea:1.24.2-rootless", "gitea"),
        ("docker.gitea.com/act_runner:0.2.12", "gitea"),
        ("gcr.io/istio-release/pilot:1.26.0", "istio"),
        ("602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni:v1.19.2", "aws-vpc-cni"),
    ],
)
def test_d2_repackaged_and_vanity_images_prove_their_tool(image: str, tool: str) -> None:
    assert tool in {id_ for id_, _ in certain(image)}


def cores(tool: Tool) -> Iterator[str]:
    """Repository paths of the core components that have an organisation."""
    for component, image in images(tool):
        if component.role == "core" and "/" in image:
            yield image


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_another_organisation_on_a_public_registry_is_a_look_alike(tool: Tool) -> None:
    for image in cores(tool):
        last = official(image).rsplit("/", 1)[-1]
        for host in ("docker.io/", "quay.io/", "ghcr.io/", "gcr.io/", ""):
            assert tool.id not in tools(f"{host}somebody/{last}"), image
            assert tool.id not in tools(f"{host}my-{image.replace('*', 'x')}:v1"), image


@pytest.mark.parametrize("tool", TOOLS)
def test_d2_a_longer_or_shorter_last_word_is_a_look_alike(tool: Tool) -> None:
    core = {(tool.id, one.name) for one in tool.components if one.role == "core"}
    for image in cores(tool):
        if "*" in image:
            continue
        organisation, _, last = image.rpartition("/")
        for host in ("docker.io/", "registry.corp/", ""):
            for name in (f"{image}-exporter", f"{image}-demo", f"{image}s", f"{image}/extra"):
                assert not certain(f"{host}{name}:v1") & core, name
            assert not certain(f"{host}{organisation}/x{last}"), last


@pytest.mark.parametrize(
    "image",
    [
        "registry.corp/platform/argocd:v3",
        "registry.corp/traefik:v3",
        "registry.corp/vault:1",
        "registry.corp/release/pilot:7",
        "localhost:5000/harbor-core",
    ],
)
def test_d2_a_bare_name_in_a_private_registry_needs_the_word_of_the_workload(image: str) -> None:
    assert not certain(image)
    assert tools(image)


@pytest.mark.parametrize(
    "image",
    [
        "registry.corp/registry:2",
        "evil/amazon-k8s-cni:v1",
        "docker.io/evil/metrics-server-amd64",
        "acme/shop:1",
        "argocd",
        "shop/prometheus-adapter:1",
        "prom/blackbox-exporter",
        "prom/mysqld-exporter",
        "",
        "@",
        ":",
        "/",
        DIGEST,
    ],
)
def test_d2_what_proves_nothing_is_not_even_a_candidate(image: str) -> None:
    assert not {one for one in tools(image) if one != "distribution"}
    assert not certain(image)


@pytest.mark.parametrize(
    ("text", "host", "path", "tag", "digest"),
    [
        ("nginx", "", ("nginx",), "", ""),
        ("a/b:1", "", ("a", "b"), "1", ""),
        ("h:5000/a/b:1", "h:5000", ("a", "b"), "1", ""),
        ("localhost/a", "localhost", ("a",), "", ""),
        ("quay.io/A/B@sha256:1", "quay.io", ("a", "b"), "", "sha256:1"),
        ("quay.io/a/b:v1@sha256:1", "quay.io", ("a", "b"), "v1", "sha256:1"),
    ],
)
def test_d2_an_image_reference_is_taken_apart(
    text: str, host: str, path: tuple[str, ...], tag: str, digest: str
) -> None:
    image = parse_image(text)
    assert (image.host, image.path, image.tag, image.digest) == (host, path, tag, digest)


@given(st.text(alphabet="abz./:@-_*09 ", max_size=60) | st.text(max_size=40))
def test_d2_any_text_may_stand_where_an_image_should(text: str) -> None:
    parse_image(text)
    assert RECOGNISER.interesting(text) == bool(RECOGNISER.candidates(text))


EVERY_PATH = [
    entry
    for tool in CATALOG.tools.values()
    for entry in paths(tool)
    if not entry[1].startswith((*ANYBODYS, "library/"))
]


@given(
    st.sampled_from(EVERY_PATH),
    st.lists(st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True), max_size=4),
    st.from_regex(r"[a-z]{1,8}\.corp(:[0-9]{2,5})?", fullmatch=True),
)
def test_d2_no_private_host_or_prefix_hides_an_image(
    entry: tuple[tuple[str, str], str], prefix: list[str], host: str
) -> None:
    proven, path = entry
    assert proven in certain("/".join([host, *prefix, f"{path}:v1"]))
