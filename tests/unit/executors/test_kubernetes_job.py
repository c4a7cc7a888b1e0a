"""Jobs that are made of commands, and what statuses mean (F3, S1, S3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightkube.codecs import load_all_yaml

from mas.adapters.executors.kubernetes_job import encoded_job
from mas.adapters.executors.kubernetes_settings import JobSettings
from mas.adapters.executors.kubernetes_status import (
    Begun,
    Coming,
    Ended,
    Job,
    Pod,
    judge_job,
    judge_pod,
)
from mas.core.errors import MasError, UserError
from mas.core.executors import Command, Limits, Sandbox
from support.job_admission import beyond_restricted, invalid, unknown_fields

msgspec = pytest.importorskip("msgspec")
MANIFESTS = Path(__file__).parents[3] / "deploy/kubernetes/agents"
ROOT = Path("/data/runs/run_1")
SETTINGS = JobSettings(
    namespace="mas-agents", image="agent:1", claim="mas-workspace", workspace=Path("/data")
)
WORKTREE = ROOT / "worktrees/agent-1"
SANDBOX = Sandbox(root=ROOT, writable=(WORKTREE,), readable=(ROOT / "objects",))
COMMAND = Command(
    argv=("true",), folder=WORKTREE, environment={"PATH": "/bin"}, sandbox=SANDBOX, name="agent-1"
)


def job_of(command: Command = COMMAND, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        encoded_job(command, command.name, "origin", replace(SETTINGS, **more))
    )
    return found


def pod(status: Mapping[str, Any]) -> Pod:
    return msgspec.convert({"metadata": {"name": "p"}, "status": status}, Pod)


def ended(phase: str = "Failed", **terminated: Any) -> Pod:
    return pod({"phase": phase, "containerStatuses": [{"state": {"terminated": {**terminated}}}]})


def waiting(reason: str, message: str = "words") -> Pod:
    state = {"waiting": {"reason": reason, "message": message}}
    return pod({"phase": "Pending", "containerStatuses": [{"state": state}]})


def test_f3_a_job_is_known_valid_and_restricted() -> None:
    full = replace(COMMAND, sandbox=replace(SANDBOX, limits=Limits(memory_bytes=10**9, cpus=0.5)))
    for body in (
        job_of(),
        job_of(full, runtime_class="gvisor", node_selector={"a": "b"}, image_pull_secrets=("c",)),
    ):
        assert (unknown_fields(body), invalid(body), beyond_restricted(body)) == ([], [], [])


def test_f3_the_rules_of_the_test_cluster_refuse_what_real_ones_refuse() -> None:
    body = job_of()
    body["spec"]["template"]["spec"]["containers"][0]["securityContext"]["privileged"] = True
    body["spec"]["template"]["spec"]["hostPID"] = True
    assert len(beyond_restricted(body)) == 2
    body["spec"]["retries"] = 3
    assert unknown_fields(body) == [".spec.retries"]
    body["metadata"]["labels"]["bad"] = "a b"
    assert invalid(body)


def test_s2_a_job_is_never_tried_twice_and_goes_after_an_hour() -> None:
    spec = job_of()["spec"]
    assert (spec["backoffLimit"], spec["ttlSecondsAfterFinished"]) == (0, 3600)
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_s3_values_of_the_environment_are_not_in_the_command_line() -> None:
    secret = "token-of-the-task"
    body = job_of(replace(COMMAND, environment={"PATH": "/bin", "TOKEN": secret}))
    container = body["spec"]["template"]["spec"]["containers"][0]
    assert secret not in " ".join(container["command"])
    assert {"name": "TOKEN", "value": secret} in container["env"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"argv": ()}, "no_program"),
        ({"argv": ("a=b",)}, "bad_command"),
        ({"argv": ("a", "\udcff")}, "bad_command"),
        ({"argv": ("a", "\0")}, "bad_command"),
        ({"argv": ("a", "x" * 1_000_000)}, "bad_command"),
        ({"environment": {"A=B": "c"}}, "bad_command"),
        ({"stdin": b"x" * 1_000_000}, "bad_command"),
        ({"labels": {"mas.run": "not a label"}}, "bad_command"),
        ({"name": "Not-A-Name"}, "bad_command"),
        ({"folder": ROOT}, "no_folder"),
        ({"folder": ROOT / "worktrees/agent-2"}, "no_folder"),
        ({"sandbox": None}, "no_isolation"),
        ({"sandbox": Sandbox(root=Path("/else"), writable=(WORKTREE,))}, "no_folder"),
    ],
)
def test_q1_what_fits_into_no_job_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(UserError) as caught:
        job_of(replace(COMMAND, **change))
    assert caught.value.code == code
    assert caught.value.hint


def test_q1_a_run_folder_outside_of_the_volume_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        job_of(workspace=Path("/elsewhere"))
    assert caught.value.code == "no_folder"


@pytest.mark.parametrize(
    ("found", "meant"),
    [
        (ended("Succeeded", exitCode=0, reason="Completed"), (0, "exit")),
        (ended(exitCode=3, reason="Error"), (3, "exit")),
        (ended(exitCode=137, reason="OOMKilled"), (137, "oom")),
        (ended(exitCode=137, reason="Error"), (137, "signal")),
        (ended(exitCode=0, signal=15), (143, "signal")),
        (ended(exitCode=255, reason="Error"), (255, "exit")),
        (pod({"phase": "Failed", "reason": "DeadlineExceeded"}), (None, "deadline")),
    ],
)
def test_s1_endings_are_told_apart(found: Pod, meant: tuple[int | None, str]) -> None:
    view = judge_pod(found, "agent:1")
    assert isinstance(view, Ended)
    assert (view.exit_code, view.ended) == meant


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (waiting("InvalidImageName"), "no_image"),
        (waiting("ErrImageNeverPull"), "no_image"),
        (waiting("CreateContainerConfigError"), "no_image"),
        (waiting("RunContainerError"), "no_image"),
        (ended(exitCode=128, reason="StartError", message="no /bin/sh"), "no_image"),
        (ended(exitCode=137, reason="ContainerStatusUnknown"), "command_lost"),
        (pod({"phase": "Failed", "reason": "Evicted", "message": "disk"}), "command_lost"),
        (pod({"phase": "Failed", "reason": "NodeLost"}), "command_lost"),
        (pod({"phase": "Failed"}), "command_lost"),
        (
            pod(
                {
                    "phase": "Failed",
                    "conditions": [
                        {"type": "DisruptionTarget", "status": "True", "message": "preempted"}
                    ],
                    "containerStatuses": [{"state": {"terminated": {"exitCode": 143}}}],
                }
            ),
            "command_lost",
        ),
    ],
)
def test_s1_what_ends_a_pod_from_outside_is_an_error_with_its_words(found: Pod, code: str) -> None:
    with pytest.raises(MasError) as caught:
        judge_pod(found, "agent:1")
    assert caught.value.code == code


def test_s1_what_is_still_coming_is_waited_for() -> None:
    assert judge_pod(waiting("ContainerCreating", ""), "i") == Coming(words="ContainerCreating")
    assert judge_pod(waiting("ErrImagePull"), "i") == Coming(trouble="image", words="words")
    running = pod({"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]})
    assert judge_pod(running, "i") == Begun()
    for text, trouble in (
        ("0/1 nodes are available: 1 Insufficient cpu.", "room"),
        ('persistentvolumeclaim "w" not found', "claim"),
    ):
        condition = {"type": "PodScheduled", "status": "False", "message": text}
        found = judge_pod(pod({"phase": "Pending", "conditions": [condition]}), "i")
        assert isinstance(found, Coming)
        assert found.trouble == trouble


def test_r5_a_job_whose_pod_is_gone_still_tells_how_it_ended() -> None:
    def job(kind: str, reason: str) -> Job:
        condition = {"type": kind, "status": "True", "reason": reason}
        return msgspec.convert({"status": {"conditions": [condition]}}, Job)

    assert judge_job(job("Complete", "")) == Ended(exit_code=0)
    assert judge_job(job("Failed", "DeadlineExceeded")) == Ended(exit_code=None, ended="deadline")
    assert isinstance(judge_job(Job()), Coming)
    with pytest.raises(MasError):
        judge_job(job("Failed", "BackoffLimitExceeded"))


def test_p4_the_manifests_are_what_kubernetes_knows_and_name_what_settings_name() -> None:
    objects = []
    listed = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text())["resources"]
    for name in listed:
        text = (MANIFESTS / name).read_text()
        found = load_all_yaml(text)
        given = [one for one in yaml.safe_load_all(text) if one]
        assert [one.to_dict() for one in found] == given
        objects += given
    names = {(one["kind"], one["metadata"]["name"]) for one in objects}
    assert ("Namespace", SETTINGS.namespace) in names
    assert ("ServiceAccount", SETTINGS.service_account) in names
    assert ("PersistentVolumeClaim", SETTINGS.claim) in names
    assert {path.name for path in MANIFESTS.glob("*.yaml")} == {*listed, "kustomization.yaml"}


def test_s3_the_account_of_agents_may_do_nothing() -> None:
    text = (MANIFESTS / "accounts.yaml").read_text()
    bindings = [one for one in yaml.safe_load_all(text) if one["kind"] == "RoleBinding"]
    subjects = [subject["name"] for one in bindings for subject in one["subjects"]]
    assert SETTINGS.service_account not in subjects
    assert "secrets" not in text


def test_f3_the_deadline_of_the_pod_comes_after_that_of_the_command() -> None:
    spec = job_of(replace(COMMAND, deadline=timedelta(seconds=100)))["spec"]
    pod_seconds = spec["template"]["spec"]["activeDeadlineSeconds"]
    assert 100 < pod_seconds < spec["activeDeadlineSeconds"]
