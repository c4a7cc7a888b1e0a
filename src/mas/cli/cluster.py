"""`mas cluster ...`: snapshot, inventory, capacity."""

from __future__ import annotations

import sys
from pathlib import Path

from mas.app.inspection import Room, look_at, room_in, take_snapshot
from mas.app.settings import Settings
from mas.cli import exits
from mas.cli.output import print_json, print_table
from mas.core.language import plain
from mas.core.units import cpu_text, memory_text
from mas.kubernetes.capacity import Cause
from mas.kubernetes.cluster import Amount, Node

_SHOWN_NODES = 50


async def snapshot(settings: Settings, output: Path, named: str | None, *, as_json: bool) -> int:
    """Write a snapshot file."""
    count = await take_snapshot(settings, named, output)
    if as_json:
        print_json({"file": str(output), "objects": count})
    else:
        print(f"Wrote {count} objects to {output}; Secret values were never read.", file=sys.stderr)
    return exits.DONE


async def inventory(settings: Settings, named: str | None, *, as_json: bool) -> int:
    """Tools that run in a cluster."""
    found = await look_at(settings, named)
    cluster, installations = found.cluster, found.inventory.installations
    if as_json:
        print_json(
            {
                "cluster": cluster.name,
                "version": cluster.version or None,
                "nodes": len(cluster.nodes),
                "applications": found.inventory.applications,
                "unreadable": sorted({*cluster.forbidden, *cluster.unread}),
                "tools": [
                    {
                        "tool": one.tool.id,
                        "namespace": one.namespace,
                        "version": one.version,
                        "health": one.health,
                        "objects": [part.object for part in one.parts],
                        "faults": [
                            {
                                "code": fault.code,
                                "object": fault.object,
                                "field": fault.field,
                                "value": fault.value,
                            }
                            for fault in one.faults
                        ],
                    }
                    for one in installations
                ],
                "left_over": {id_: left.names for id_, left in found.inventory.left_over.items()},
            }
        )
        return exits.DONE
    print(
        f"{plain(cluster.name)}: Kubernetes {plain(cluster.version) or 'of unknown version'}, "
        f"{len(cluster.nodes)} nodes, {found.inventory.applications} applications"
    )
    rows = [
        (
            one.tool.name,
            one.namespace,
            one.version or "-",
            one.health,
            "; ".join(f"{fault.code} {fault.object}" for fault in one.faults[:2]) or "-",
        )
        for one in installations
    ]
    if rows:
        print_table(("TOOL", "NAMESPACE", "VERSION", "HEALTH", "FAULTS"), rows)
    else:
        print("No tool of the catalog was found.")
    for left in found.inventory.left_over.values():
        print(f"Left over from {left.tool.name}: {len(left.names)} CRDs without a controller.")
    unread = sorted({*cluster.forbidden, *cluster.unread})
    if unread:
        print(f"Could not be read: {', '.join(unread)}.", file=sys.stderr)
    return exits.DONE


async def capacity(
    settings: Settings, named: str | None, tool: str | None, *, as_json: bool
) -> int:
    """What the nodes have left, and whether a tool fits."""
    room = await room_in(settings, named, tool)
    if as_json:
        print_json(_room_object(room))
        return exits.DONE
    shown = sorted(room.cluster.nodes, key=lambda node: node.name)[:_SHOWN_NODES]
    print_table(
        ("NODE", "CPU FREE", "OF", "MEMORY FREE", "OF", "PODS FREE", "STATE"),
        (_node_row(node) for node in shown),
    )
    hidden = len(room.cluster.nodes) - len(shown)
    if hidden:
        print(f"... and {hidden} more nodes")
    free = room.headroom.free
    print(
        f"Usable nodes: {room.headroom.nodes} of {len(room.cluster.nodes)}; free there: "
        f"CPU {cpu_text(free.cpu)}, memory {memory_text(free.memory)}, pods {free.pods}"
    )
    if room.tool and room.fit:
        print(f"\n{room.tool.name}: {'fits' if room.fit.fits else 'does not fit'}")
        for placement in room.fit.placements:
            nodes = ", ".join(placement.nodes[:5]) or "-"
            print(f"  {placement.component}: {placement.total} placed ({plain(nodes)})")
        for failure in room.fit.failures:
            causes = ", ".join(_cause(cause) for cause in failure.causes)
            print(f"  {failure.component}: {failure.pods} find no node ({causes})")
        for quota in room.fit.quotas:
            print(f"  quota {plain(quota.quota)}: {quota.resource} {quota.reason}")
    return exits.DONE


def _cause(cause: Cause) -> str:
    key = f" {plain(cause.key)}" if cause.key else ""
    return f"{cause.kind}{key} on {cause.nodes.total}"


def _node_row(node: Node) -> tuple[str, ...]:
    states = [
        word
        for word, holds in (
            ("control-plane", node.control_plane),
            ("not ready", not node.ready),
            ("cordoned", node.unschedulable),
        )
        if holds
    ]
    return (
        node.name,
        cpu_text(max(0, node.allocatable.cpu - node.requested.cpu)),
        cpu_text(node.allocatable.cpu),
        memory_text(max(0, node.allocatable.memory - node.requested.memory)),
        memory_text(node.allocatable.memory),
        str(max(0, node.allocatable.pods - node.requested.pods)),
        ", ".join(states) or "ready",
    )


def _amount(amount: Amount) -> dict[str, int]:
    return {"cpu_millicores": amount.cpu, "memory_bytes": amount.memory, "pods": amount.pods}


def _room_object(room: Room) -> dict[str, object]:
    told: dict[str, object] = {
        "cluster": room.cluster.name,
        "usable_nodes": room.headroom.nodes,
        "allocatable": _amount(room.headroom.allocatable),
        "requested": _amount(room.headroom.requested),
        "free": _amount(room.headroom.free),
        "nodes": [
            {
                "name": node.name,
                "control_plane": node.control_plane,
                "ready": node.ready,
                "cordoned": node.unschedulable,
                "allocatable": _amount(node.allocatable),
                "requested": _amount(node.requested),
            }
            for node in room.cluster.nodes
        ],
    }
    if room.tool and room.fit:
        told["tool"] = room.tool.id
        told["fit"] = room.fit
    return told
