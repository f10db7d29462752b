"""Pods as data, against the written rules of two kinds of clusters."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from snakemake_executor_plugin_steps.kubernetes.pod import Site, pod, step_index
from snakemake_executor_plugin_steps.submission import Step, StepsError, Submission

IMAGE_A = "registry.example/a@sha256:" + "a" * 64
IMAGE_B = "registry.example/b@sha256:" + "b" * 64
STAGER = "registry.example/controller@sha256:" + "c" * 64
CLAIM = Site(
    workdir=Path("/study/run1"),
    owner="own",
    run_id="run",
    claim="study",
    claim_mount="/study",
    run_as="10001:10001",
    service_account="step",
    controller=("controller-x", "uid-1"),
)
STAGED = Site(
    workdir=Path("/home/controller"),
    owner="own",
    run_id="run",
    stager_image=STAGER,
    storage_secret="storage",
)


def step(image: str = IMAGE_A, **changes: Any) -> Step:
    """A small step."""
    fields: dict[str, Any] = {
        "rule": "call_",
        "image": image,
        "script": ".snakemake/steps/scripts/r-1-0.sh",
        "text": "",
        "threads": 2,
        "mem_mb": 300,
        "disk_mb": 500,
        "runtime_minutes": 30,
        "written": ("out/x.tsv", "logs/x.log"),
    }
    return Step(**fields | changes)


ONE = Submission("r-1", (step(),), manifest="packed")
GROUP = Submission("r-2", (step(), step(IMAGE_B, runtime_minutes=5)), manifest="packed")
ALL = [pod(job, site) for job in (ONE, GROUP) for site in (CLAIM, STAGED)]


def containers(one: dict[str, Any]) -> list[dict[str, Any]]:
    """All containers of a pod, in the order in which they run."""
    return [*one["spec"].get("initContainers", []), *one["spec"]["containers"]]


def violations_of_restricted(one: dict[str, Any]) -> list[str]:
    """The Pod Security Standard "restricted", control by control, in its own order."""
    spec, found = one["spec"], []
    security = spec.get("securityContext", {})
    found += [f"spec.{key}" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    allowed = {
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
        "projected", "secret",
    }  # fmt: skip
    for volume in spec.get("volumes", []):
        found += [f"volume {kind}" for kind in set(volume) - {"name"} - allowed]
    if security.get("sysctls") or "windowsOptions" in security:
        found.append("sysctls or windowsOptions")
    if "seLinuxOptions" in security:
        found.append("seLinuxOptions")
    for container in containers(one):
        own, name = container.get("securityContext", {}), container["name"]
        capabilities = own.get("capabilities", {})
        merged = {**security, **own}
        rules = {
            "privileged": not own.get("privileged"),
            "hostPort": not any(p.get("hostPort") for p in container.get("ports", [])),
            "procMount": own.get("procMount", "Default") == "Default",
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
            "runAsNonRoot": merged.get("runAsNonRoot") is True,
            "runAsUser": merged.get("runAsUser") != 0,
            "seccompProfile": merged.get("seccompProfile", {}).get("type")
            in ("RuntimeDefault", "Localhost"),
            "capabilities.drop": "ALL" in capabilities.get("drop", []),
            "capabilities.add": set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"},
        }
        found += [f"{name}: {rule}" for rule, kept in rules.items() if not kept]
    return found


def violations_of_restricted_v2(one: dict[str, Any]) -> list[str]:
    """OpenShift's SCC restricted-v2: it assigns user, group and labels, and refuses chosen ones."""
    spec, found = one["spec"], violations_of_restricted(one)
    allowed = {
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
        "projected", "secret",
    }  # fmt: skip
    for volume in spec.get("volumes", []):
        found += [f"volume {kind}" for kind in set(volume) - {"name"} - allowed]
    for place in (
        spec.get("securityContext", {}),
        *(c["securityContext"] for c in containers(one)),
    ):
        chosen = ("runAsUser", "fsGroup", "seLinuxOptions", "supplementalGroups")
        found += [f"{key} is the cluster's to choose" for key in chosen if key in place]
        if place.get("seccompProfile", {"type": "RuntimeDefault"})["type"] != "RuntimeDefault":
            found.append("seccompProfile")
        if place.get("capabilities", {}).get("add"):
            found.append("capabilities.add")
    return found


@pytest.mark.parametrize("one", ALL)
def test_pods_keep_the_restricted_standard(one: dict[str, Any]) -> None:
    assert violations_of_restricted(one) == []


@pytest.mark.parametrize("site", [CLAIM, STAGED])
def test_pods_without_a_user_keep_openshifts_rules(site: Site) -> None:
    one = pod(GROUP, dataclasses.replace(site, run_as=""))
    assert violations_of_restricted_v2(one) == []


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        ("spec", "hostNetwork", True),
        ("pod", "seccompProfile", {"type": "Unconfined"}),
        ("pod", "runAsUser", 0),
        ("container", "privileged", True),
        ("container", "allowPrivilegeEscalation", True),
        ("container", "capabilities", {"drop": []}),
        ("container", "runAsNonRoot", False),
    ],
)
def test_the_rules_find_what_breaks_them(where: str, key: str, value: Any) -> None:
    one = pod(ONE, CLAIM)
    place = {
        "spec": one["spec"],
        "pod": one["spec"]["securityContext"],
        "container": one["spec"]["containers"][0]["securityContext"],
    }[where]
    place[key] = value
    assert violations_of_restricted(one) != []
    assert violations_of_restricted_v2(pod(ONE, CLAIM)) != []  # it chooses a user


@pytest.mark.parametrize("one", ALL)
def test_every_root_is_read_only_and_every_container_says_what_it_needs(
    one: dict[str, Any],
) -> None:
    for container in containers(one):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        for kind in ("requests", "limits"):
            needs = container["resources"][kind]
            assert set(needs) == {"cpu", "memory", "ephemeral-storage"}
        assert (
            container["resources"]["requests"]["memory"]
            == container["resources"]["limits"]["memory"]
        )
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]


@pytest.mark.parametrize("one", ALL)
def test_pods_run_once_and_know_nothing_of_the_cluster(one: dict[str, Any]) -> None:
    spec = one["spec"]
    assert spec["restartPolicy"] == "Never"
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False


def test_with_a_claim_only_folders_of_outputs_are_writable() -> None:
    (container,) = containers(pod(ONE, CLAIM))
    assert [m for m in container["volumeMounts"] if m["name"] == "work"] == [
        {"name": "work", "mountPath": "/study/run1", "readOnly": True, "subPath": "run1"},
        {
            "name": "work",
            "mountPath": "/study/run1/logs",
            "readOnly": False,
            "subPath": "run1/logs",
        },
        {"name": "work", "mountPath": "/study/run1/out", "readOnly": False, "subPath": "run1/out"},
    ]
    assert pod(ONE, CLAIM)["spec"]["volumes"][1] == {
        "name": "work",
        "persistentVolumeClaim": {"claimName": "study"},
    }


def test_the_whole_claim_as_working_directory_has_no_sub_path() -> None:
    site = dataclasses.replace(CLAIM, workdir=Path("/study"))
    (container,) = containers(pod(ONE, site))
    assert container["volumeMounts"][0] == {
        "name": "work",
        "mountPath": "/study",
        "readOnly": True,
    }


def test_an_output_outside_the_claim_is_refused() -> None:
    job = Submission("r-1", (step(written=("/elsewhere/x",)),))
    with pytest.raises(StepsError, match="/elsewhere is not on the claim study"):
        pod(job, CLAIM)


def test_members_of_a_group_run_in_order_each_in_its_own_image() -> None:
    found = [(c["name"], c["image"]) for c in containers(pod(GROUP, CLAIM))]
    assert found == [("step-0", IMAGE_A), ("step-1", IMAGE_B)]
    assert pod(GROUP, CLAIM)["spec"]["activeDeadlineSeconds"] == 35 * 60


def test_with_object_storage_only_the_stagers_have_the_secret() -> None:
    one = pod(GROUP, STAGED)
    assert [c["name"] for c in containers(one)] == ["stage-in", "step-0", "step-1", "stage-out"]
    for container in containers(one):
        is_stager = step_index(container["name"]) is None
        assert ("envFrom" in container) == is_stager
        names = {e["name"] for e in container["env"]}
        assert ("STEP_MANIFEST" in names) == is_stager
        assert ("STEP_LATER" in names) != is_stager
        assert container["image"] == STAGER or not is_stager
    assert one["spec"]["volumes"][1]["emptyDir"] == {"sizeLimit": "1000M"}
    assert "secret" not in str(one["spec"]["volumes"]).lower()


def test_pods_go_with_their_controller_and_are_found_by_label() -> None:
    metadata = pod(ONE, CLAIM)["metadata"]
    assert metadata["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Pod", "name": "controller-x", "uid": "uid-1"}
    ]
    assert metadata["labels"] == {
        "app.kubernetes.io/managed-by": "snakemake-steps",
        "snakemake-steps/owner": "own",
        "snakemake-steps/run": "run",
        "snakemake-steps/rule": "call",
    }
    assert "ownerReferences" not in pod(ONE, STAGED)["metadata"]


def test_threads_fit_on_a_node_that_keeps_a_part_of_each_core() -> None:
    (container,) = containers(pod(ONE, CLAIM))
    assert container["resources"]["requests"]["cpu"] == "1800m"
    assert container["resources"]["limits"]["cpu"] == "2000m"


@pytest.mark.parametrize("run_as", ["0", "0:0", "root", "1000:staff", "-1"])
def test_root_and_names_are_refused(run_as: str) -> None:
    with pytest.raises(StepsError, match="never root"):
        pod(ONE, dataclasses.replace(CLAIM, run_as=run_as))


def test_a_group_zero_is_not_given_to_volumes() -> None:
    security = pod(ONE, dataclasses.replace(CLAIM, run_as="10001:0"))["spec"]["securityContext"]
    assert security["runAsGroup"] == 0
    assert "fsGroup" not in security
