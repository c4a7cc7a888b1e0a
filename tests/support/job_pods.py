"""The life of one pod: Job controller, scheduler and kubelet in one thread."""

from __future__ import annotations

import copy
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from support.job_kubelet import Process

if TYPE_CHECKING:
    from support.job_cluster import JobCluster

Json = dict[str, Any]
_LOOK = 0.02


def now(*, ago: timedelta = timedelta(0)) -> str:
    """The time as the API shows it, in whole seconds."""
    return (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(kind: str, reason: str, message: str, *, status: str = "True") -> Json:
    """A condition of a pod or Job."""
    return {"type": kind, "status": status, "reason": reason, "message": message}


def job_condition(job: Json, kind: str) -> Json | None:
    """The condition of this type of a Job."""
    found = job["status"].get("conditions") or ()
    return next((one for one in found if one["type"] == kind), None)


class PodRun:
    """Makes the pod of a Job and takes it through its life."""

    def __init__(self, cluster: JobCluster, job: Json) -> None:
        """Called with the cluster's lock held."""
        self._cluster = cluster
        self._job = job
        template = copy.deepcopy(job["spec"]["template"])
        name = f"{job['metadata']['name']}-{secrets.token_hex(3)[:5]}"
        labels = template["metadata"].get("labels") or {}
        owned = {"job-name": job["metadata"]["name"], "controller-uid": job["metadata"]["uid"]}
        owned["batch.kubernetes.io/job-name"] = job["metadata"]["name"]
        self._pod: Json = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": cluster.namespace,
                "uid": secrets.token_hex(8),
                "labels": labels | owned,
                "creationTimestamp": now(),
            },
            "spec": template["spec"],
            "status": {"phase": "Pending"},
        }
        self._name = name
        self._deleted = threading.Event()
        self._stopped = threading.Event()
        self._evicted = ""
        self._process: Process | None = None
        self._job_end = time.monotonic() + job["spec"].get("activeDeadlineSeconds", 10**9)
        cluster.runs[name] = self
        cluster.put_pod(self._pod, "ADDED")

    def delete(self) -> None:
        """The pod is to end and go."""
        if not self._deleted.is_set():
            self._pod["metadata"]["deletionTimestamp"] = now()
            self._deleted.set()
            self._cluster.put_pod(self._pod, "MODIFIED")

    def evict(self, message: str) -> None:
        """The kubelet ends it for the good of its node."""
        self._evicted = message

    def shut_down(self) -> None:
        """End everything at once and tell nobody: the test or the node is over."""
        self._stopped.set()
        if self._process is not None:
            self._process.kill()

    def began(self, *, ago: timedelta) -> str:
        """Have it look as if its container had started so long ago."""
        moment = now(ago=ago)
        self._set(containerStatuses=[_container({"running": {"startedAt": moment}})])
        return moment

    def forget(self) -> None:
        """The control plane gives up on the pod of a lost node."""
        self._cluster.drop_pod(self._pod)
        self._cluster.finish_job(
            self._job, "Failed", "BackoffLimitExceeded", "Job has reached the backoff limit"
        )

    def run(self) -> None:
        """From making to end; a pod that has ended stays until it is deleted."""
        if self._placed() and self._image_there() and self._started():
            self._run_container()
        while not self._over and self._name in self._cluster.pods:
            self._deleted.wait(5 * _LOOK)
        if self._stopped.is_set():
            return
        with self._cluster.changed:
            self._cluster.drop_pod(self._pod)
            if "deletionTimestamp" in self._job["metadata"]:
                self._cluster.jobs.pop(self._job["metadata"]["name"], None)
            self._cluster.changed.notify_all()

    def _placed(self) -> bool:
        """Find a node."""
        cluster = self._cluster
        claims = [
            one["persistentVolumeClaim"]["claimName"]
            for one in self._pod["spec"]["volumes"]
            if "persistentVolumeClaim" in one
        ]
        missing = [one for one in claims if one != cluster.claim]
        words = cluster.faults.unschedulable
        if missing:
            words = f'0/1 nodes are available: persistentvolumeclaim "{missing[0]}" not found.'
        if words:
            self._set(
                conditions=[condition("PodScheduled", "Unschedulable", words, status="False")]
            )
            self._wait_until(lambda: not missing and not cluster.faults.unschedulable)
        if self._over:
            return False
        self._set(
            conditions=[condition("PodScheduled", "", "")],
            startTime=now(),
            containerStatuses=[_container({"waiting": {"reason": "ContainerCreating"}})],
        )
        return True

    def _image_there(self) -> bool:
        faults, cluster = self._cluster.faults, self._cluster
        wanted = self._pod["spec"]["containers"][0]["image"]

        def words() -> str:
            if faults.image:
                return faults.image
            return "" if wanted == cluster.image else f"{wanted}: not found"

        if words():
            for reason in ("ErrImagePull", "ImagePullBackOff"):
                waiting = {"reason": reason, "message": f"failed to pull {wanted}: {words()}"}
                self._set(containerStatuses=[_container({"waiting": waiting})])
            self._wait_until(lambda: not words())
        return not self._over

    def _started(self) -> bool:
        words = self._cluster.faults.start
        if words:
            done = {"exitCode": 128, "reason": "StartError", "message": words}
            self._set(phase="Failed", containerStatuses=[_container({"terminated": done})])
            self._finish(succeeded=False)
            return False
        return True

    def _run_container(self) -> None:
        """Run it to its end, its deadlines, its eviction or its deletion."""
        spec = self._pod["spec"]
        open_ = self._pod["metadata"]["labels"].get("mas.network") != "none"
        process = Process(spec, self._cluster.claim_folder, self._cluster.programs, open_=open_)
        self._process = process
        began = now()
        with self._cluster.changed:
            self._cluster.logs[self._name] = process.log
        self._set(
            phase="Running", containerStatuses=[_container({"running": {"startedAt": began}})]
        )
        end = time.monotonic() + spec.get("activeDeadlineSeconds", 10**9)
        reason = ""
        kill_at = 0.0
        while (code := process.poll()) is None:
            moment = time.monotonic()
            if not kill_at:
                reason = self._stop_reason(moment, end)
                if reason:
                    process.terminate()
                    kill_at = moment + spec.get("terminationGracePeriodSeconds", 30)
            elif moment >= kill_at:
                process.kill()
            self._stopped.wait(_LOOK)
        note = process.close()
        if self._stopped.is_set():
            return
        if code < 0:
            code = 128 - code
        done: Json = {"exitCode": code, "startedAt": began, "finishedAt": now()}
        done["reason"] = "Completed" if code == 0 else "Error"
        if process.out_of_memory:
            done |= {"exitCode": 137, "reason": "OOMKilled"}
        if note:
            done["message"] = note
        status = {"phase": "Succeeded" if done["exitCode"] == 0 else "Failed"}
        if reason in ("DeadlineExceeded", "Evicted"):
            status = {"phase": "Failed", "reason": reason, "message": self._evicted or reason}
        self._set(**status, containerStatuses=[_container({"terminated": done})])
        if reason != "Deleted":
            self._finish(succeeded=status["phase"] == "Succeeded")

    def _stop_reason(self, moment: float, end: float) -> str:
        if self._deleted.is_set():
            return "Deleted"
        if self._evicted:
            return "Evicted"
        if moment >= end:
            return "DeadlineExceeded"
        if moment >= self._job_end:
            self._cluster.finish_job(self._job, "Failed", "DeadlineExceeded", "Job was too long")
            self.delete()
            return "Deleted"
        return ""

    def _finish(self, *, succeeded: bool) -> None:
        if succeeded:
            self._cluster.finish_job(self._job, "Complete", "CompletionsReached", "done")
        else:
            words = "Job has reached the specified backoff limit"
            self._cluster.finish_job(self._job, "Failed", "BackoffLimitExceeded", words)

    @property
    def _over(self) -> bool:
        return self._deleted.is_set() or self._stopped.is_set()

    def _wait_until(self, holds: Callable[[], bool]) -> None:
        while not self._over and not holds():
            self._deleted.wait(_LOOK)

    def _set(self, **status: Any) -> None:
        with self._cluster.changed:
            if self._name in self._cluster.pods:
                self._pod["status"] |= status
                self._cluster.put_pod(self._pod, "MODIFIED")


def _container(state: Json) -> Json:
    return {"name": "command", "image": "", "ready": "running" in state, "state": state}
