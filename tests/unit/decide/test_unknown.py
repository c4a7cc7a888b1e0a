"""What could not be read leaves it undetermined only if it could change the verdict (D5)."""

from __future__ import annotations

import pytest
from judging import ask
from worlds import argo_cd, cluster, gitea, tekton

from mas.testing.clusters import ClusterBuilder

TEKTON = "Should we adopt Tekton?"
ALL = (
    "nodes,namespaces,customresourcedefinitions,deployments,statefulsets,daemonsets,pods,"
    "storageclasses,persistentvolumes,resourcequotas,limitranges,services,ingresses"
)


def asked(world: ClusterBuilder | None, request: str = TEKTON) -> tuple[str, str]:
    """Verdict and text of the permission reasons."""
    told = ask(world, request)
    return told.verdict, told.text("permission")


@pytest.mark.parametrize("kind", ["deployments", "pods", "nodes"])
def test_d5_what_hides_the_tool_or_its_room_is_named(kind: str) -> None:
    verdict, text = asked(cluster().forbid(kind))
    assert verdict == "undetermined"
    assert kind in text


def test_d5_the_missing_permission_is_a_command_in_the_guide() -> None:
    told = ask(cluster().forbid("deployments", "pods"), TEKTON)
    assert any("deployments,pods" in command for command in told.commands)
    assert any("mas cluster snapshot" in command for command in told.commands)


@pytest.mark.parametrize(
    "kind",
    [
        "customresourcedefinitions",
        "ingresses",
        "events",
        "configmaps",
        "secrets",
        "cronjobs.batch",
        "jobs",
        "horizontalpodautoscalers",
        "networkpolicies",
        "ingressclasses",
        "csidrivers",
        "applications.argoproj.io",
        "limitranges",
        "persistentvolumes",
        "storageclasses",
        "services",
        "nodes.metrics.k8s.io",
        "pods.metrics.k8s.io",
    ],
)
def test_d5_what_could_not_change_the_verdict_leaves_it_alone(kind: str) -> None:
    told = ask(cluster().forbid(kind), TEKTON)
    assert told.verdict == "recommend"
    assert kind.split(".")[0] in told.english, "it is still told that it could not be read"


def test_d5_storage_classes_matter_for_stateful_tools_only() -> None:
    world = cluster().forbid("storageclasses")
    verdict, text = asked(world, "Should we install Harbor?")
    assert verdict == "undetermined"
    assert "storageclasses" in text
    assert asked(world)[0] == "recommend"
    assert asked(world, "Longhorn 도입")[0] == "recommend"


def test_d5_quotas_matter_only_where_the_namespace_exists() -> None:
    world = cluster().forbid("resourcequotas")
    assert asked(world)[0] == "recommend"
    world.namespace("tekton-pipelines")
    verdict, text = asked(world)
    assert verdict == "undetermined"
    assert "resourcequotas" in text


def test_d5_quotas_matter_where_nobody_knows_whether_the_namespace_exists() -> None:
    assert asked(cluster().forbid("resourcequotas", "namespaces"))[0] == "undetermined"


def test_d5_services_matter_for_a_load_balancer() -> None:
    world = cluster().forbid("services")
    verdict, text = asked(world, "Should we install MetalLB?")
    assert verdict == "undetermined"
    assert "services" in text


def test_d5_a_kind_in_which_a_rival_may_hide_matters() -> None:
    """Jenkins, a rival of Tekton, is a StatefulSet; no rival of cert-manager is."""
    world = cluster().forbid("statefulsets")
    verdict, text = asked(world)
    assert verdict == "undetermined"
    assert "statefulsets" in text
    assert asked(world, "cert-manager 도입")[0] == "recommend"


def test_d5_a_refusal_stands_although_more_reasons_may_be_hidden() -> None:
    world = cluster()
    gitea(world)
    for kind in ("storageclasses", "resourcequotas", "daemonsets", "pods"):
        world.forbid(kind)
        assert asked(world)[0] == "do_not_recommend", kind


def test_d5_a_refusal_does_not_stand_when_the_tool_itself_may_be_hidden() -> None:
    """Installed comes before every other refusal, so a hidden installation would change it."""
    world = cluster()
    gitea(world)
    world.forbid("deployments")
    told = ask(world, "Should we install Harbor?")
    assert told.verdict == "undetermined"
    assert "deployments" in told.text("permission")


def test_c_a_cluster_without_readable_nodes_is_too_little_also_for_an_overlap() -> None:
    """The contract calls a list without nodes too little to decide on, whatever the reason."""
    world = cluster()
    gitea(world)
    world.forbid("nodes")
    verdict, text = asked(world)
    assert verdict == "undetermined"
    assert "nodes" in text


def test_c_without_annotations_what_is_not_there_counts_as_absent() -> None:
    world = cluster()
    world.without("Pod", "StorageClass")
    assert asked(world)[0] == "recommend"


def test_c_a_list_without_nodes_is_too_little() -> None:
    world = cluster().without("Node")
    verdict, text = asked(world)
    assert verdict == "undetermined"
    assert "no node" in text


def test_c_a_list_without_any_workload_is_too_little() -> None:
    verdict, text = asked(ClusterBuilder().storage_class("fast", default=True))
    assert verdict == "undetermined"
    assert "no workload" in text


def test_c_an_empty_list_is_too_little() -> None:
    assert asked(ClusterBuilder(control_planes=0, workers=0))[0] == "undetermined"


@pytest.mark.parametrize("kind", ["deployments", "pods", "nodes", "statefulsets"])
def test_c_a_kind_that_nobody_read_is_as_unknown_as_a_forbidden_one(kind: str) -> None:
    names = [name for name in ALL.split(",") if name != kind]
    verdict, text = asked(cluster().read_only(*names))
    assert verdict == "undetermined"
    assert kind in text


def test_c_all_kinds_that_decide_are_enough() -> None:
    assert asked(cluster().read_only(*ALL.split(",")))[0] == "recommend"


def test_c_kinds_that_were_read_and_are_empty_count_as_absent() -> None:
    world = ClusterBuilder().read_only(*ALL.split(","))
    assert asked(world)[0] == "recommend"
    world = cluster().without("StorageClass").read_only(*ALL.split(","))
    assert asked(world, "Should we install Harbor?")[0] == "do_not_recommend"


def test_d5_nodes_that_do_not_tell_their_size_are_undetermined_and_not_full() -> None:
    world = cluster()
    for item in world.items:
        if item["kind"] == "Node":
            del item["status"]["allocatable"]
    verdict, text = asked(world)
    assert verdict == "undetermined"
    assert "allocatable" in text


def test_d5_everything_forbidden_is_undetermined() -> None:
    told = ask(cluster().forbid(*ALL.split(",")), TEKTON)
    assert told.verdict == "undetermined"
    assert {"deployments", "nodes"} <= set(told.text("permission").replace(",", " ").split())


def test_d5_what_is_certain_is_told_beside_the_gap() -> None:
    world = cluster()
    gitea(world)
    world.forbid("deployments")
    world.stateful_set("gitea", "gitea", "gitea/gitea:1.24.2")
    told = ask(world, TEKTON)
    assert told.verdict == "undetermined"
    assert "overlap" in told.kinds("against")


def test_d5_no_cluster_is_undetermined_and_says_what_to_give() -> None:
    told = ask(None, TEKTON)
    assert told.verdict == "undetermined"
    assert told.tool == "tekton"
    assert any("--cluster" in command for command in told.commands)
    assert told.decision["cluster"]["nodes"] == {"total": 0, "control_plane": 0, "workers": 0}


@pytest.mark.parametrize("world", [None, cluster()], ids=["no cluster", "a cluster"])
def test_d5_an_unknown_tool_is_undetermined_with_how_to_add_it(
    world: ClusterBuilder | None,
) -> None:
    told = ask(world, "Should we adopt Frobnicator?")
    assert told.verdict == "undetermined"
    assert told.tool is None
    assert "Frobnicator" in told.text("need")
    assert "catalog" in told.text("need")


def test_d5_a_request_about_nothing_is_undetermined() -> None:
    told = ask(cluster(), "안녕하세요")
    assert told.verdict == "undetermined"
    assert told.decision["tool"] == {"id": None, "name": None}


def test_d1_forbidden_names_may_carry_their_group_or_be_kinds() -> None:
    for name in ("deployments.apps", "Deployment"):
        assert asked(cluster().without("Deployment").forbid(name))[0] == "undetermined"


def test_d5_an_installation_seen_by_pods_is_certain_although_everything_else_is_forbidden() -> None:
    world = cluster()
    tekton(world)
    argo_cd(world)
    world.forbid(*[name for name in ALL.split(",") if name != "pods"])
    assert ask(world, TEKTON).verdict == "already_installed"
