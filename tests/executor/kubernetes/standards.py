"""Written rules of clusters as small checkers: what of a pod breaks them, by field.

Fields and values are of the Kubernetes documentation, "Pod Security Standards" (version 1.34),
and of OpenShift's documentation, "Managing security context constraints" (restricted-v2).
"""

from collections.abc import Callable, Iterator
from typing import Any

Object = dict[str, Any]
KINDS = ("initContainers", "containers", "ephemeralContainers")
VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret",
}  # fmt: skip
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
}  # fmt: skip
SELINUX_TYPES = {
    None,
    "",
    "container_t",
    "container_init_t",
    "container_kvm_t",
    "container_engine_t",
}
UNSET = (None,)


def containers(pod: Object) -> list[tuple[str, Object]]:
    """All containers of a pod and their fields' names, in the order in which they run."""
    spec = pod["spec"]
    return [
        (f"spec.{kind}[{i}]", one) for kind in KINDS for i, one in enumerate(spec.get(kind) or [])
    ]


def at(place: Object, path: str) -> Any:
    """What is at a path of fields; None if it is not there."""
    found: Any = place
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _contexts(pod: Object) -> Iterator[tuple[str, Object]]:
    yield "spec.securityContext", pod["spec"].get("securityContext") or {}
    for name, one in containers(pod):
        yield f"{name}.securityContext", one.get("securityContext") or {}


def _broken(place: str, found: Any, allowed: Callable[[Any], bool]) -> Iterator[str]:
    if not allowed(found):
        yield f"{place}: {found}"


def _baseline(pod: Object) -> Iterator[str]:
    spec = pod["spec"]
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        yield from _broken(f"spec.{name}", spec.get(name), lambda v: v in (None, False))
    for i, one in enumerate(at(spec, "securityContext.sysctls") or []):
        yield from _broken(
            f"spec.securityContext.sysctls[{i}].name", one["name"], SYSCTLS.__contains__
        )
    for key, value in (at(pod, "metadata.annotations") or {}).items():
        if key.startswith("container.apparmor.security.beta.kubernetes.io/"):
            yield from _broken(
                f"metadata.annotations[{key}]",
                value,
                lambda v: v == "runtime/default" or v.startswith("localhost/"),
            )
    for name, context in _contexts(pod):
        rules: dict[str, Callable[[Any], bool]] = {
            "windowsOptions.hostProcess": lambda v: v in (None, False),
            "appArmorProfile.type": lambda v: v in (None, "RuntimeDefault", "Localhost"),
            "seLinuxOptions.type": SELINUX_TYPES.__contains__,
            "seLinuxOptions.user": lambda v: not v,
            "seLinuxOptions.role": lambda v: not v,
        }
        for path, allowed in rules.items():
            yield from _broken(f"{name}.{path}", at(context, path), allowed)
    for name, one in containers(pod):
        context = one.get("securityContext") or {}
        yield from _broken(
            f"{name}.securityContext.privileged", context.get("privileged"), lambda v: not v
        )
        yield from _broken(
            f"{name}.securityContext.procMount",
            context.get("procMount"),
            lambda v: v in (None, "Default"),
        )
        for i, port in enumerate(one.get("ports") or []):
            yield from _broken(f"{name}.ports[{i}].hostPort", port.get("hostPort"), lambda v: not v)


def violations_of_restricted(pod: Object) -> list[str]:
    """What of a pod breaks the Pod Security Standard "restricted"."""
    found = list(_baseline(pod))
    spec = pod["spec"]
    for i, volume in enumerate(spec.get("volumes") or []):
        for kind in set(volume) - {"name"} - VOLUMES:
            found.append(f"spec.volumes[{i}].{kind}")
    whole = spec.get("securityContext") or {}
    found += _broken("spec.securityContext.runAsUser", whole.get("runAsUser"), lambda v: v != 0)
    for name, one in containers(pod):
        own = one.get("securityContext") or {}
        merged = {**whole, **own}
        rules: dict[str, tuple[Any, Callable[[Any], bool]]] = {
            "allowPrivilegeEscalation": (own.get("allowPrivilegeEscalation"), lambda v: v is False),
            "runAsNonRoot": (merged.get("runAsNonRoot"), lambda v: v is True),
            "runAsUser": (own.get("runAsUser"), lambda v: v != 0),
            "seccompProfile.type": (
                at(merged, "seccompProfile.type"),
                lambda v: v in ("RuntimeDefault", "Localhost"),
            ),
            "capabilities.drop": (at(own, "capabilities.drop"), lambda v: "ALL" in (v or [])),
            "capabilities.add": (
                at(own, "capabilities.add"),
                lambda v: set(v or []) <= {"NET_BIND_SERVICE"},
            ),
        }
        for path, (value, allowed) in rules.items():
            found += _broken(f"{name}.securityContext.{path}", value, allowed)
    return found


def violations_of_restricted_v2(pod: Object, uids: range) -> list[str]:
    """What of a pod OpenShift's SCC "restricted-v2" refuses.

    Parameters
    ----------
    pod
        The pod, before the cluster fills in what it chooses itself.
    uids
        The namespace's users and groups, `openshift.io/sa.scc.uid-range`.
    """
    found: list[str] = []
    spec = pod["spec"]
    for name in ("hostNetwork", "hostPID", "hostIPC"):  # allowHostNetwork ...: false
        found += _broken(f"spec.{name}", spec.get(name), lambda v: not v)
    for i, volume in enumerate(spec.get("volumes") or []):  # volumes
        for kind in set(volume) - {"name"} - VOLUMES:
            found.append(f"spec.volumes[{i}].{kind}")

    def in_range(value: Any) -> bool:
        return value is None or value in uids

    group = at(spec, "securityContext.fsGroup")
    found += _broken("spec.securityContext.fsGroup", group, in_range)  # MustRunAs
    for name, context in _contexts(pod):
        rules: dict[str, Callable[[Any], bool]] = {
            "runAsUser": in_range,  # MustRunAsRange
            "seLinuxOptions": UNSET.__contains__,  # MustRunAs, with the namespace's labels
            "seccompProfile.type": lambda v: v in (None, "RuntimeDefault"),  # runtime/default
            "privileged": lambda v: not v,  # allowPrivilegedContainer: false
            "allowPrivilegeEscalation": lambda v: not v,
            "capabilities.add": lambda v: set(v or []) <= {"NET_BIND_SERVICE"},
            "sysctls": lambda v: not v,
        }
        for path, allowed in rules.items():
            found += _broken(f"{name}.{path}", at(context, path), allowed)
    for name, one in containers(pod):
        dropped = at(one, "securityContext.capabilities.drop")
        found += _broken(  # requiredDropCapabilities, which the cluster adds only if none is named
            f"{name}.securityContext.capabilities.drop",
            dropped,
            lambda v: v is None or "ALL" in v,
        )
        for i, port in enumerate(one.get("ports") or []):  # allowHostPorts: false
            found += _broken(f"{name}.ports[{i}].hostPort", port.get("hostPort"), lambda v: not v)
    return found


def violations_of_own_rules(pod: Object) -> list[str]:
    """What no written standard asks for, but every pod of ours has."""
    spec, found = pod["spec"], []
    for name, value in (("enableServiceLinks", False), ("restartPolicy", "Never")):
        found += _broken(f"spec.{name}", spec.get(name), value.__eq__)
    for name, one in containers(pod):
        if "@sha256:" not in one["image"]:
            found.append(f"{name}.image: {one['image']}")
        if at(one, "securityContext.readOnlyRootFilesystem") is not True:
            found.append(f"{name}.securityContext.readOnlyRootFilesystem")
        for kind in ("requests", "limits"):
            for what in ("cpu", "memory", "ephemeral-storage"):
                if what not in (at(one, f"resources.{kind}") or {}):
                    found.append(f"{name}.resources.{kind}.{what}")
    return found
