"""Does a stateful tool find storage here?"""

from __future__ import annotations

from collections.abc import Iterable

from mas.kubernetes.cluster import StorageClass
from mas.teams.decide.findings import Finding
from mas.teams.decide.situation import Situation

STATIC_PROVISIONER = "kubernetes.io/no-provisioner"


def needs_storage(situation: Situation) -> bool:
    """Whether the tool is stateful; a storage tool is its own answer."""
    storage = situation.tool.storage
    return bool(storage and storage.required and not brings_storage(situation))


def brings_storage(situation: Situation) -> bool:
    """Whether the tool itself provisions volumes."""
    own = {"replicated-storage", "local-storage", "shared-filesystem"}
    return bool(own & set(situation.tool.capabilities.primary))


def usable_classes(situation: Situation) -> tuple[StorageClass, ...]:
    """Classes that can give a volume: dynamic ones, and static ones with volumes to hand."""
    ready = {volume.storage_class for volume in situation.cluster.volumes}
    return tuple(
        one
        for one in situation.cluster.storage_classes
        if one.provisioner != STATIC_PROVISIONER or one.name in ready
    )


def volumes_may_exist_unseen(situation: Situation) -> bool:
    """Whether only static classes are there, and nobody could look for their volumes."""
    cluster = situation.cluster
    return (
        "persistentvolumes" in situation.blind
        and bool(cluster.storage_classes)
        and all(one.provisioner == STATIC_PROVISIONER for one in cluster.storage_classes)
    )


def finds_its_storage(situation: Situation) -> Iterable[Finding]:
    """No class refuses; classes without a default are named; a default is a reason for."""
    if not needs_storage(situation) or "storageclasses" in situation.blind:
        return
    if volumes_may_exist_unseen(situation):
        return
    tool, classes = situation.tool, usable_classes(situation)
    wanted = situation.cite_catalog("storage.required", "true")
    if not classes:
        static = situation.cluster.storage_classes
        yield Finding(
            key="storage.static_only" if static else "storage.none",
            params={"tool": tool.name, "classes": tuple(one.name for one in static)},
            kind="storage",
            stance="against",
            evidence=(
                situation.cite_count("storage classes", len(static)),
                *(
                    situation.book.cite(f"StorageClass/{one.name}", "provisioner", one.provisioner)
                    for one in static[:3]
                ),
                wanted,
            ),
            blocks=True,
        )
        return
    default = next((one for one in classes if one.default), None)
    if default:
        yield Finding(
            key="storage.default",
            params={"tool": tool.name, "storage_class": default.name},
            kind="storage",
            stance="for",
            evidence=(
                situation.book.cite(
                    f"StorageClass/{default.name}",
                    default.default_field or "metadata.name",
                    "true" if default.default_field else default.name,
                ),
                wanted,
            ),
        )
        return
    yield Finding(
        key="storage.no_default",
        params={"tool": tool.name, "classes": tuple(one.name for one in classes)},
        kind="storage",
        stance="against",
        evidence=(
            *(
                situation.book.cite(f"StorageClass/{one.name}", "metadata.name", one.name)
                for one in classes[:3]
            ),
            wanted,
        ),
    )
