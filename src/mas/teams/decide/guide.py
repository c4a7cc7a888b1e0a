"""The commands to follow a verdict: how to install, how to repair, how to find out (D6)."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from mas.core.language import plain
from mas.core.tools import Text
from mas.kubernetes.inventory import Fault, Installation
from mas.kubernetes.kinds import WORKLOAD_KINDS
from mas.teams.decide.findings import Phrase
from mas.teams.decide.rules.storage import needs_storage, usable_classes
from mas.teams.decide.situation import Situation
from mas.teams.decide.verdict import Judgement


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One step of a guide, without language."""

    title: Phrase | Text
    command: str


def guide(judgement: Judgement) -> tuple[Advice, ...]:
    """Installation for `recommend`, repair for a degraded installation, permissions for doubt."""
    if judgement.verdict == "recommend":
        return tuple(_installation(judgement.situation))
    if judgement.verdict == "already_installed" and judgement.installation:
        if judgement.health == "healthy":
            return ()
        return tuple(_repair(judgement.installation))
    if judgement.verdict == "undetermined":
        return tuple(_finding_out(judgement))
    return ()


def _installation(situation: Situation) -> Iterable[Advice]:
    tool = situation.tool
    left = situation.inventory.left_over.get(tool.id)
    if left:
        yield Advice(
            title=Phrase(key="guide.left_over", params={"tool": tool.name}),
            command="kubectl get crd " + " ".join(quoted(name) for name in left.names[:10]),
        )
    if needs_storage(situation) and "storageclasses" not in situation.blind:
        classes = usable_classes(situation)
        if classes and not any(one.default for one in classes):
            name = quoted(classes[0].name)
            yield Advice(
                title=Phrase(key="guide.default_class", params={"storage_class": classes[0].name}),
                command=(
                    f"kubectl patch storageclass {name} -p "
                    '\'{"metadata":{"annotations":'
                    '{"storageclass.kubernetes.io/is-default-class":"true"}}}\''
                ),
            )
    for step in tool.guide:
        title: Phrase | Text = step.title
        if step.phase == "rollback":
            title = Phrase(key="guide.rollback", params={"title": step.title})
        yield Advice(title=title, command=_in_namespace(step.command, situation))


def _in_namespace(command: str, situation: Situation) -> str:
    """The catalog's command for the namespace that the request named."""
    if situation.namespace == situation.tool.namespace:
        return command
    words = command.split(" ")
    before = ("-n", "--namespace", "namespace")  # the last one as in `kubectl create namespace`
    return " ".join(
        quoted(situation.namespace)
        if index and words[index - 1] in before and word == situation.tool.namespace
        else word
        for index, word in enumerate(words)
    )


def quoted(name: str) -> str:
    """A name from a cluster as one word of a shell, on one line whatever it holds."""
    return shlex.quote(plain(name))


def _repair(installation: Installation) -> Iterable[Advice]:
    """Repair instead of a second installation: look first, mend, then check."""
    told: set[str] = set()
    for fault in installation.faults:
        for advice in _mend(fault, installation):
            if advice.command not in told:
                told.add(advice.command)
                yield advice
    namespace, core = quoted(installation.namespace), installation.core.workload
    command = f"kubectl -n {namespace} get pods"
    if not core.from_pods and core.kind in WORKLOAD_KINDS:
        target = quoted(f"{core.kind.lower()}/{core.name}")
        command = f"kubectl -n {namespace} rollout status {target} --timeout=300s"
    yield Advice(
        title=Phrase(key="guide.verify_repair", params={"tool": installation.tool.name}),
        command=command,
    )


def _mend(fault: Fault, installation: Installation) -> Iterable[Advice]:
    params = {"component": fault.component, "object": fault.object, "image": fault.image}
    kind, _, rest = fault.object.partition("/")
    namespace, _, name = rest.partition("/")
    where = f"kubectl -n {quoted(namespace or installation.namespace)}"
    target = quoted(f"{kind.lower()}/{name}")
    if fault.code == "zero_replicas" and kind in ("Deployment", "StatefulSet", "ReplicaSet"):
        yield Advice(
            title=Phrase(key="guide.scale_up", params=params),
            command=f"{where} scale {target} --replicas=1",
        )
    elif fault.code == "crash_loop":
        yield Advice(
            title=Phrase(key="guide.read_logs", params=params),
            command=f"{where} logs {target} --all-containers --previous --tail=100",
        )
        yield Advice(
            title=Phrase(key="guide.describe", params=params), command=f"{where} describe {target}"
        )
    elif fault.code == "image_pull":
        yield Advice(
            title=Phrase(key="guide.check_image", params=params),
            command=f"{where} describe {target}",
        )
    elif fault.code == "missing_component":
        yield Advice(
            title=Phrase(key="guide.missing", params=params),
            command=f"{where} get deployments,statefulsets,daemonsets,pods",
        )
    else:
        yield Advice(
            title=Phrase(key="guide.describe", params=params), command=f"{where} describe {target}"
        )


def _finding_out(judgement: Judgement) -> Iterable[Advice]:
    """How to let MAS see what it could not."""
    kinds = sorted(
        {
            str(finding.params["kind"])
            for finding in judgement.findings
            if finding.kind == "permission"
        }
        & {
            "deployments",
            "statefulsets",
            "daemonsets",
            "pods",
            "nodes",
            "resourcequotas",
            "storageclasses",
        }
    )
    if kinds:
        yield Advice(
            title=Phrase(key="guide.grant", params={"kinds": tuple(kinds)}),
            command=(
                "kubectl create clusterrole mas-reader --verb=get,list --resource="
                + ",".join(kinds)
            ),
        )
    yield Advice(title=Phrase(key="guide.snapshot"), command="mas cluster snapshot -o cluster.json")
