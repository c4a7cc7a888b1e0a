"""Pods as they run: placed on the emptiest node, measured, ready."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from generator.parts import Parts
from generator.words import Json, digest, mebibytes, millicores, share, stamp

_POD_TOLERATIONS = [
    {
        "effect": "NoExecute",
        "key": f"node.kubernetes.io/{key}",
        "operator": "Exists",
        "tolerationSeconds": 300,
    }
    for key in ("not-ready", "unreachable")
]


class Pods(Parts):
    """Pods and the templates they are made from."""

    def pod(
        self,
        namespace: str,
        name: str,
        containers: list[Json],
        *,
        labels: Mapping[str, str],
        owner: Json | None = None,
        init: Iterable[Json] = (),
        tolerations: Iterable[Json] = (),
        node: str = "",
        phase: str = "Running",
    ) -> Json:
        """Add a pod; without `node` the emptiest node that takes it."""
        cpu = sum(
            millicores(one["resources"].get("requests", {}).get("cpu", "0")) for one in containers
        )
        memory = sum(
            mebibytes(one["resources"].get("requests", {}).get("memory", "0")) for one in containers
        )
        host = node or self._emptiest(cpu, memory)
        if phase == "Running":
            self._asked[host][0] += cpu
            self._asked[host][1] += memory
        spec: Json = {
            "containers": containers,
            "dnsPolicy": "ClusterFirst",
            "enableServiceLinks": True,
            "nodeName": host,
            "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0,
            "restartPolicy": "Always" if phase == "Running" else "OnFailure",
            "schedulerName": "default-scheduler",
            "securityContext": {},
            "serviceAccount": "default",
            "serviceAccountName": "default",
            "terminationGracePeriodSeconds": 30,
            "tolerations": [*tolerations, *_POD_TOLERATIONS],
        }
        if init:
            spec["initContainers"] = list(init)
        if self._slim:
            for key in (
                "dnsPolicy",
                "enableServiceLinks",
                "preemptionPolicy",
                "priority",
                "schedulerName",
                "securityContext",
                "serviceAccount",
                "terminationGracePeriodSeconds",
                "tolerations",
            ):
                del spec[key]
        made = self.add(
            "Pod",
            name,
            api="v1",
            namespace=namespace,
            labels=labels,
            owner=owner,
            age_days=min(20.0, (self.now - self.born).days) * share(namespace + name),
            spec=spec,
            status=self._pod_status(containers, init, host, name, phase),
        )
        if phase == "Running":
            self._measure(namespace, name, labels, containers, host)
        return made

    def _pod_status(
        self, containers: list[Json], init: Iterable[Json], host: str, name: str, phase: str
    ) -> Json:
        self._pods_on[host] += 1
        index = next(at for at, one in enumerate(self.nodes()) if one["metadata"]["name"] == host)
        running = phase == "Running"
        started = stamp(self.now - timedelta(days=3 * share(name)))
        conditions = [
            {"lastProbeTime": None, "lastTransitionTime": started, "status": status, "type": kind}
            for kind, status in (
                ("PodReadyToStartContainers", "True" if running else "False"),
                ("Initialized", "True"),
                ("Ready", "True" if running else "False"),
                ("ContainersReady", "True" if running else "False"),
                ("PodScheduled", "True"),
            )
        ]
        done = {
            "terminated": {
                "exitCode": 0,
                "finishedAt": started,
                "reason": "Completed",
                "startedAt": started,
            }
        }
        status: Json = {
            "conditions": conditions[2:3] if self._slim else conditions,
            "containerStatuses": [
                self._container_status(
                    one, {"running": {"startedAt": started}} if running else done, ready=running
                )
                for one in containers
            ],
            "hostIP": self.nodes()[index]["status"]["addresses"][0]["address"],
            "phase": phase,
            "podIP": f"10.244.{index}.{self._pods_on[host] + 1}",
            "qosClass": "Burstable",
            "startTime": started,
        }
        if init:
            status["initContainerStatuses"] = [
                self._container_status(one, done, ready=True) for one in init
            ]
        return status

    def _container_status(self, one: Json, state: Json, *, ready: bool) -> Json:
        short = {
            "image": one["image"],
            "name": one["name"],
            "ready": ready,
            "restartCount": 0,
            "state": state,
        }
        if self._slim:
            return short
        repository = one["image"].rsplit(":", 1)[0]
        return short | {
            "containerID": f"containerd://{digest(one['name'] + one['image'] + 'id', 64)}",
            "imageID": f"{repository}@sha256:{digest(one['image'], 64)}",
            "lastState": {},
            "started": ready,
        }

    def _measure(
        self,
        namespace: str,
        name: str,
        labels: Mapping[str, str],
        containers: list[Json],
        host: str,
    ) -> None:
        usage = []
        for one in containers:
            asked = one["resources"].get("requests", {})
            cpu = max(3, int(millicores(asked.get("cpu", "20m")) * (0.15 + 0.5 * share(name))))
            memory = max(
                12, int(mebibytes(asked.get("memory", "60Mi")) * (0.5 + 0.5 * share(name + "m")))
            )
            self._used[host][0] += cpu
            self._used[host][1] += memory
            usage.append(
                {
                    "name": one["name"],
                    "usage": {"cpu": f"{cpu * 1000003}n", "memory": f"{memory * 1024 + 36}Ki"},
                }
            )
        if not self._slim:
            self.add(
                "PodMetrics",
                name,
                api="metrics.k8s.io/v1beta1",
                namespace=namespace,
                labels=labels,
                age_days=0,
                containers=usage,
                timestamp=stamp(self.now - timedelta(seconds=21)),
                window="15.2s",
            )

    def _emptiest(self, cpu: int, memory: int) -> str:
        open_nodes = [
            one
            for one in self.nodes()
            if not any(taint["effect"] == "NoSchedule" for taint in one["spec"].get("taints", []))
        ]

        def load(one: Json) -> float:
            name, free = one["metadata"]["name"], one["status"]["allocatable"]
            return (
                max(
                    (self._asked[name][0] + cpu) / millicores(free["cpu"]),
                    (self._asked[name][1] + memory) / mebibytes(free["memory"]),
                )
                + self._pods_on[name] / 400
            )

        return str(min(open_nodes, key=load)["metadata"]["name"])

    def _workload_condition(self, kind: str, reason: str, message: str) -> Json:
        when = stamp(self.now - timedelta(days=2))
        return {
            "lastTransitionTime": when,
            "lastUpdateTime": when,
            "message": message,
            "reason": reason,
            "status": "True",
            "type": kind,
        }

    def _template(
        self,
        containers: list[Json],
        labels: Mapping[str, str],
        init: Iterable[Json],
        tolerations: Iterable[Json],
    ) -> Json:
        spec: Json = {
            "containers": containers,
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "securityContext": {},
            "terminationGracePeriodSeconds": 30,
        }
        if init:
            spec["initContainers"] = list(init)
        if tolerations:
            spec["tolerations"] = list(tolerations)
        return {"metadata": {"labels": dict(sorted(labels.items()))}, "spec": spec}
