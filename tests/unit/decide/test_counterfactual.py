"""The counterfactual is true: carry the change out, ask again, and the tool is recommended (D5)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import CATALOG, Answer, ask
from worlds import cilium, cluster, gitea, traefik

from mas.kubernetes.quantity import parse_cpu, parse_memory
from mas.testing.clusters import ClusterBuilder

TEKTON = "Should we adopt Tekton?"
_NUMBER = r"[\d.]+(?:m|Ki|Mi|Gi|Ti)?"


def carry_out(world: ClusterBuilder, text: str) -> None:
    """Do to a built cluster what a counterfactual says, read by a person's eyes."""
    known = 0
    if hit := re.search(r"upgrade the control plane from \S+ to at least ([\d.]+)", text):
        known += 1
        world.server_version(f"v{hit[1]}.0" if hit[1].count(".") == 1 else f"v{hit[1]}")
    if "set up a StorageClass" in text:
        known += 1
        world.storage_class("made", default=True)
    for resource, quota, place, to in re.findall(
        rf"(\S+) of ResourceQuota (\S+) in namespace (\S+) to ({_NUMBER})", text
    ):
        known += 1
        _quota(world, place, quota)["spec"]["hard"][resource] = to
    if hit := re.search(r"uncordon node (\S+?)[.,]", text):
        known += 1
        node = _node(world, hit[1])
        node["spec"].pop("unschedulable", None)
        node["spec"]["taints"] = [
            taint
            for taint in node["spec"].get("taints", [])
            if taint["key"] != "node.kubernetes.io/unschedulable"
        ]
    if hit := re.search(r"free (.+?) on node (\S+?)[.,](?:\s|$)", text):
        known += 1
        _free(world, hit[2], hit[1])
    if hit := re.search(r"add (one|\d+) nodes? of the size of (\S+) \(", text):
        known += 1
        for number in range(1 if hit[1] == "one" else int(hit[1])):
            world.items.append(_like(_node(world, hit[2]), f"new-{number}"))
    for name, namespace in (("Gitea", "gitea"), ("Cilium", "kube-system"), ("Traefik", "traefik")):
        if re.search(rf"{name}.* is given up", text):
            known += 1
            world.items = [
                item
                for item in world.items
                if item["metadata"].get("namespace") != namespace or item["kind"] == "Namespace"
            ]
    assert known, f"nothing that one could do: {text}"


def _node(world: ClusterBuilder, name: str) -> dict:  # type: ignore[type-arg]
    return next(
        item for item in world.items if item["kind"] == "Node" and item["metadata"]["name"] == name
    )


def _quota(world: ClusterBuilder, namespace: str, name: str) -> dict:  # type: ignore[type-arg]
    return next(
        item
        for item in world.items
        if item["kind"] == "ResourceQuota"
        and (item["metadata"]["namespace"], item["metadata"]["name"]) == (namespace, name)
    )


def _like(node: dict, name: str) -> dict:  # type: ignore[type-arg]
    labels = {**node["metadata"]["labels"], "kubernetes.io/hostname": name}
    return {**node, "metadata": {**node["metadata"], "name": name, "labels": labels}}


def _free(world: ClusterBuilder, node: str, amount: str) -> None:
    """Take so much away from the first pod of the node."""
    asked = next(
        item
        for item in world.items
        if item["kind"] == "Pod"
        and item["spec"].get("nodeName") == node
        and item["metadata"]["name"].startswith("load-")
    )["spec"]["containers"][0]["resources"]["requests"]
    if hit := re.search(rf"CPU ({_NUMBER})", amount):
        asked["cpu"] = f"{parse_cpu(asked['cpu']) - parse_cpu(hit[1])}m"
    if hit := re.search(rf"memory ({_NUMBER})", amount):
        asked["memory"] = str(parse_memory(asked["memory"]) - parse_memory(hit[1]))
    if re.search("slots to free", amount):
        world.items.remove(
            next(
                item
                for item in world.items
                if item["kind"] == "Pod" and item["metadata"]["name"].startswith(f"load-{node}-1")
            )
        )


def flips(world: ClusterBuilder, request: str) -> Answer:
    """Check that the tool is refused, and recommended once the counterfactual has been done."""
    told = ask(world, request)
    assert told.verdict == "do_not_recommend"
    assert told.counterfactual
    carry_out(world, told.counterfactual)
    again = ask(world, request)
    assert again.verdict == "recommend", (told.counterfactual, again.reasons)
    return told


def test_d5_an_upgrade_flips_a_version_that_is_too_low() -> None:
    flips(cluster(version="v1.27.3"), TEKTON)


def test_d5_a_storage_class_flips_missing_storage() -> None:
    flips(cluster().without("StorageClass"), "Should we install Harbor?")


@pytest.mark.parametrize(
    "hard",
    [
        {"pods": "2"},
        {"requests.cpu": "100m", "requests.memory": "100Mi"},
        {"limits.memory": "64Mi"},
        {"count/deployments.apps": "1", "pods": "1"},
    ],
    ids=str,
)
def test_d5_a_higher_quota_flips_one_that_is_too_low(hard: dict[str, str]) -> None:
    flips(cluster().namespace("tekton-pipelines").quota("tekton-pipelines", "q", hard=hard), TEKTON)


def test_d5_a_quota_on_claims_flips() -> None:
    world = cluster().namespace("harbor")
    world.quota("harbor", "q", hard={"persistentvolumeclaims": "2", "requests.storage": "3Gi"})
    flips(world, "Should we install Harbor?")


def test_d5_a_quota_and_full_nodes_are_changed_together() -> None:
    world = cluster(workers=1).load("w-1", cpu="3900m").namespace("harbor")
    world.quota("harbor", "team", hard={"pods": "2"})
    told = flips(world, "Should we install Harbor?")
    assert "ResourceQuota team" in told.counterfactual
    assert "free CPU" in told.counterfactual


def test_d5_uncordoning_flips() -> None:
    flips(cluster(workers=0).node("w-1", cordoned=True), TEKTON)


def test_d5_freeing_what_lacks_flips() -> None:
    told = flips(cluster(workers=1).load("w-1", cpu="3900m", memory="7800Mi"), TEKTON)
    assert "CPU 250m" in told.counterfactual


def test_d5_more_nodes_flip_what_no_node_can_give() -> None:
    told = flips(cluster(workers=3), "Should we install Rook Ceph?")
    assert "nodes of the size of w-1" in told.counterfactual


def test_d5_a_spare_node_flips_what_carries_all_traffic() -> None:
    world = cluster(workers=2).load("w-1", cpu="3990m").load("w-2", cpu="100m")
    flips(world, "Should we adopt Traefik?")


def test_d5_giving_up_the_rival_flips_an_overlap() -> None:
    world = cluster()
    gitea(world)
    flips(world, "Should we install Harbor?")


def test_d5_giving_up_the_network_flips_a_collision() -> None:
    world = cluster(workers=3)
    cilium(world)
    flips(world, "Should we install Calico?")


def test_d5_all_changes_together_flip_several_refusals() -> None:
    world = cluster(workers=1, version="v1.19.3").without("StorageClass")
    gitea(world)
    world.load("w-1", cpu="3900m")
    told = flips(world, "Should we install Harbor?")
    for word in ("upgrade", "StorageClass", "free", "Gitea"):
        assert word in told.counterfactual


def test_d5_what_could_not_be_read_is_part_of_the_condition() -> None:
    world = cluster()
    gitea(world)
    world.forbid("pods")
    told = ask(world, TEKTON)
    assert told.verdict == "do_not_recommend"
    assert "pods" in told.counterfactual


def test_d5_nothing_flips_a_retired_project() -> None:
    assert ask(cluster(), "Should we install ingress-nginx?").decision["counterfactual"] is None


def test_d5_other_verdicts_have_none() -> None:
    world = cluster()
    traefik(world)
    assert ask(world, "Should we adopt Traefik?").decision["counterfactual"] is None
    assert ask(cluster(), TEKTON).decision["counterfactual"] is None
    assert ask(None, TEKTON).decision["counterfactual"] is None


@settings(max_examples=40, deadline=None)
@given(
    loads=st.lists(
        st.tuples(st.integers(3000, 3999), st.integers(6000, 8100)), min_size=1, max_size=4
    ),
    tool=st.sampled_from(["Tekton", "Harbor", "Argo CD", "Kyverno", "Traefik", "MetalLB"]),
    pods=st.none() | st.integers(0, 9),
    memory=st.none() | st.integers(1, 3_000_000_000),
)
def test_d5_whatever_the_load_and_the_quota_the_counterfactual_is_true(
    loads: list[tuple[int, int]], tool: str, pods: int | None, memory: int | None
) -> None:
    world = cluster(workers=len(loads))
    hard = {"pods": pods, "requests.memory": memory}
    space = CATALOG.tools[tool.lower().replace(" ", "-")].namespace
    if given_limits := {key: str(value) for key, value in hard.items() if value is not None}:
        world.namespace(space).quota(space, "q", hard=given_limits)
    for number, (cpu, mebibytes) in enumerate(loads, start=1):
        world.load(f"w-{number}", cpu=f"{cpu}m", memory=f"{mebibytes}Mi")
    request = f"Should we install {tool}?"
    told = ask(world, request)
    if told.verdict == "do_not_recommend" and "make room for its pods" not in told.counterfactual:
        flips(world, request)
