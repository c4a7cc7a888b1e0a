"""A small made-up Kubernetes: describe workloads, get the objects an API server would return."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from generator.pods import Pods
from generator.words import SAFE, Json, container, digest, pick, stamp


class World(Pods):
    """All objects of one cluster."""

    def deployment(
        self,
        namespace: str,
        name: str,
        containers: list[Json],
        *,
        labels: Mapping[str, str],
        selector: Mapping[str, str] | None = None,
        replicas: int = 1,
        revision: int = 1,
        init: Iterable[Json] = (),
        sidecars: Iterable[Json] = (),
        tolerations: Iterable[Json] = (),
        annotations: Mapping[str, str] | None = None,
        node: str = "",
    ) -> Json:
        """Add a Deployment with its ReplicaSet and running pods.

        `sidecars` are put into the pods only, as an injecting webhook does.
        """
        chosen = dict(
            selector
            or pick(labels, "app.kubernetes.io/instance", "app.kubernetes.io/name")
            or labels
        )
        pod_labels = {**labels, **chosen}
        template = self._template(containers, pod_labels, init, tolerations)
        counts = (
            {
                "availableReplicas": replicas,
                "observedGeneration": 1,
                "readyReplicas": replicas,
                "replicas": replicas,
                "updatedReplicas": replicas,
            }
            if replicas
            else {"observedGeneration": 1}
        )
        made = self.add(
            "Deployment",
            name,
            api="apps/v1",
            namespace=namespace,
            labels=labels,
            annotations={"deployment.kubernetes.io/revision": str(revision), **(annotations or {})},
            spec={
                "progressDeadlineSeconds": 600,
                "replicas": replicas,
                "revisionHistoryLimit": 10,
                "selector": {"matchLabels": chosen},
                "strategy": {
                    "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
                    "type": "RollingUpdate",
                },
                "template": template,
            },
            status=counts
            | {
                "conditions": [
                    self._workload_condition(
                        "Available",
                        "MinimumReplicasAvailable",
                        "Deployment has minimum availability.",
                    ),
                    self._workload_condition(
                        "Progressing",
                        "NewReplicaSetAvailable",
                        f'ReplicaSet "{name}" has successfully progressed.',
                    ),
                ]
            },
        )
        word = digest(f"{self.name}/{namespace}/{name}/{revision}", 9, SAFE)
        hashed = pod_labels | {"pod-template-hash": word}
        owner = self.add(
            "ReplicaSet",
            f"{name}-{word}",
            api="apps/v1",
            namespace=namespace,
            labels=hashed,
            annotations={"deployment.kubernetes.io/revision": str(revision)},
            owner=made,
            spec={
                "replicas": replicas,
                "selector": {"matchLabels": chosen | {"pod-template-hash": word}},
                "template": self._template(containers, hashed, init, tolerations),
            },
            status={
                "availableReplicas": replicas,
                "fullyLabeledReplicas": replicas,
                "observedGeneration": 1,
                "readyReplicas": replicas,
                "replicas": replicas,
            },
        )
        if self._slim:
            owner["spec"]["template"] = {"metadata": {"labels": hashed}}
        for number in range(replicas):
            suffix = digest(f"{self.name}{namespace}{name}{number}", 5, SAFE)
            self.pod(
                namespace,
                f"{name}-{word}-{suffix}",
                [*containers, *sidecars],
                labels=hashed,
                owner=owner,
                init=init,
                tolerations=tolerations,
                node=node,
            )
        return made

    def stateful_set(
        self,
        namespace: str,
        name: str,
        containers: list[Json],
        *,
        labels: Mapping[str, str],
        replicas: int = 1,
        volume: tuple[str, str, str] | None = None,
        owner: Json | None = None,
        init: Iterable[Json] = (),
        selector: Mapping[str, str] | None = None,
    ) -> None:
        """Add a StatefulSet with pods; `volume` is name, size and storage class."""
        chosen = dict(
            selector
            or pick(labels, "app.kubernetes.io/instance", "app.kubernetes.io/name")
            or labels
        )
        pod_labels = {**labels, **chosen}
        spec: Json = {
            "podManagementPolicy": "OrderedReady",
            "replicas": replicas,
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": chosen},
            "serviceName": name,
            "template": self._template(containers, pod_labels, init, ()),
            "updateStrategy": {"rollingUpdate": {"partition": 0}, "type": "RollingUpdate"},
        }
        if volume:
            spec["volumeClaimTemplates"] = [
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": {"name": volume[0]},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": volume[1]}},
                        "storageClassName": volume[2],
                        "volumeMode": "Filesystem",
                    },
                    "status": {"phase": "Pending"},
                }
            ]
        word = digest(f"{namespace}/{name}/rev", 10, SAFE)
        made = self.add(
            "StatefulSet",
            name,
            api="apps/v1",
            namespace=namespace,
            labels=labels,
            owner=owner,
            spec=spec,
            status={
                "availableReplicas": replicas,
                "collisionCount": 0,
                "currentReplicas": replicas,
                "currentRevision": f"{name}-{word}",
                "observedGeneration": 1,
                "readyReplicas": replicas,
                "replicas": replicas,
                "updateRevision": f"{name}-{word}",
                "updatedReplicas": replicas,
            },
        )
        for number in range(replicas):
            pod = f"{name}-{number}"
            own = {
                "apps.kubernetes.io/pod-index": str(number),
                "controller-revision-hash": f"{name}-{word}",
                "statefulset.kubernetes.io/pod-name": pod,
            }
            self.pod(namespace, pod, containers, labels=pod_labels | own, owner=made, init=init)
            if volume:
                self.claim(
                    namespace,
                    f"{volume[0]}-{pod}",
                    volume[1],
                    storage=volume[2],
                    app=labels.get("app.kubernetes.io/name", name),
                )

    def daemon_set(
        self,
        namespace: str,
        name: str,
        containers: list[Json],
        *,
        labels: Mapping[str, str],
        init: Iterable[Json] = (),
        selector: Mapping[str, str] | None = None,
        everywhere: bool = True,
        owner: Json | None = None,
    ) -> None:
        """Add a DaemonSet with a pod on each node; not on tainted ones unless `everywhere`."""
        chosen = dict(
            selector
            or pick(labels, "app.kubernetes.io/instance", "app.kubernetes.io/name")
            or labels
        )
        pod_labels = {**labels, **chosen}
        tolerations = [{"operator": "Exists"}] if everywhere else []
        hosts = [
            one["metadata"]["name"]
            for one in self.nodes()
            if everywhere or not one["spec"].get("taints")
        ]
        made = self.add(
            "DaemonSet",
            name,
            api="apps/v1",
            namespace=namespace,
            labels=labels,
            owner=owner,
            annotations={"deprecated.daemonset.template.generation": "1"},
            spec={
                "revisionHistoryLimit": 10,
                "selector": {"matchLabels": chosen},
                "template": self._template(containers, pod_labels, init, tolerations),
                "updateStrategy": {
                    "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
                    "type": "RollingUpdate",
                },
            },
            status={
                "currentNumberScheduled": len(hosts),
                "desiredNumberScheduled": len(hosts),
                "numberAvailable": len(hosts),
                "numberMisscheduled": 0,
                "numberReady": len(hosts),
                "observedGeneration": 1,
                "updatedNumberScheduled": len(hosts),
            },
        )
        for host in hosts:
            suffix = digest(f"{namespace}{name}{host}", 5, SAFE)
            own = {
                "controller-revision-hash": digest(f"{namespace}{name}", 10, SAFE),
                "pod-template-generation": "1",
            }
            self.pod(
                namespace,
                f"{name}-{suffix}",
                containers,
                labels=pod_labels | own,
                owner=made,
                init=init,
                tolerations=tolerations,
                node=host,
            )

    def static_pod(self, node: str, name: str, image: str, *, cpu: str, memory: str = "") -> None:
        """Add the mirror pod of a static pod."""
        host = next(one for one in self.nodes() if one["metadata"]["name"] == node)
        pod = self.pod(
            "kube-system",
            f"{name}-{node}",
            [container(name, image, cpu=cpu, memory=memory, command=[name])],
            labels={"component": name, "tier": "control-plane"},
            node=node,
            owner=host,
        )
        pod["metadata"]["annotations"] = {"kubernetes.io/config.source": "file"}

    def job(
        self,
        namespace: str,
        name: str,
        image: str,
        *,
        labels: Mapping[str, str],
        owner: Json | None = None,
        args: Iterable[str] = (),
    ) -> None:
        """Add a Job that has completed, with its pod."""
        body = container(name[:40], image, args=args)
        made = self.add(
            "Job",
            name,
            api="batch/v1",
            namespace=namespace,
            labels=labels,
            owner=owner,
            age_days=0.4,
            spec={
                "backoffLimit": 6,
                "completions": 1,
                "parallelism": 1,
                "template": self._template([body], labels, (), ()),
            },
            status={
                "conditions": [
                    self._workload_condition(
                        "Complete", "CompletionsReached", "Reached expected completions"
                    )
                ],
                "ready": 0,
                "succeeded": 1,
            },
        )
        self.pod(
            namespace,
            f"{name}-{digest(namespace + name, 5, SAFE)}",
            [body],
            labels={**labels, "batch.kubernetes.io/job-name": name},
            owner=made,
            phase="Succeeded",
        )

    def cron_job(
        self,
        namespace: str,
        name: str,
        image: str,
        schedule: str,
        *,
        labels: Mapping[str, str],
        args: Iterable[str] = (),
    ) -> None:
        """Add a CronJob with its last Job."""
        made = self.add(
            "CronJob",
            name,
            api="batch/v1",
            namespace=namespace,
            labels=labels,
            spec={
                "concurrencyPolicy": "Forbid",
                "schedule": schedule,
                "jobTemplate": {
                    "spec": {
                        "template": self._template(
                            [container(name, image, args=args)], labels, (), ()
                        )
                    }
                },
            },
            status={"lastScheduleTime": stamp(self.now - timedelta(hours=4))},
        )
        number = int(self.now.timestamp()) // 60 - 240
        self.job(namespace, f"{name}-{number}", image, labels=labels, owner=made, args=args)
