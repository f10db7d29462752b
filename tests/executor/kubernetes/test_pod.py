"""Pods as data, against the written rules of two kinds of clusters."""

import copy
import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from executor.kubernetes.standards import (
    violations_of_own_rules,
    violations_of_restricted,
    violations_of_restricted_v2,
)
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


OPENSHIFT = range(1000680000, 1000690000)
MANIFESTS = Path(__file__).parents[3] / "workflow" / "profiles"


def controller(profile: str) -> dict[str, Any]:
    """The controller's pod of a profile."""
    documents = yaml.safe_load_all((MANIFESTS / profile / "controller.yaml").read_text())
    job = next(one for one in documents if one["kind"] == "Job")
    found: dict[str, Any] = job["spec"]["template"]
    return found


CONTROLLERS = [controller("kubernetes"), controller("kubernetes-s3")]


@pytest.mark.parametrize("one", [*ALL, *CONTROLLERS])
def test_pods_keep_the_restricted_standard_and_our_own_rules(one: dict[str, Any]) -> None:
    assert violations_of_restricted(one) == []
    assert violations_of_own_rules(one) == []


@pytest.mark.parametrize("site", [CLAIM, STAGED])
@pytest.mark.parametrize("job", [ONE, GROUP])
def test_pods_without_a_user_keep_openshifts_rules(job: Submission, site: Site) -> None:
    one = pod(job, dataclasses.replace(site, run_as=""))
    assert violations_of_restricted_v2(one, OPENSHIFT) == []
    own_user = pod(job, dataclasses.replace(site, run_as="10001:10001"))
    assert violations_of_restricted_v2(own_user, OPENSHIFT) == [
        "spec.securityContext.fsGroup: 10001",
        "spec.securityContext.runAsUser: 10001",
    ]


@pytest.mark.parametrize("one", CONTROLLERS)
def test_controllers_without_a_user_keep_openshifts_rules(one: dict[str, Any]) -> None:
    changed = copy.deepcopy(one)
    for key in ("runAsUser", "runAsGroup", "fsGroup"):
        del changed["spec"]["securityContext"][key]
    assert violations_of_restricted_v2(changed, OPENSHIFT) == []


BREAKS = [
    ("spec", "hostNetwork", True),
    ("spec", "hostPID", True),
    ("spec", "hostIPC", True),
    ("spec", "volumes", [{"name": "x", "hostPath": {"path": "/"}}]),
    ("spec.securityContext", "seccompProfile", {"type": "Unconfined"}),
    ("spec.securityContext", "sysctls", [{"name": "kernel.msgmax", "value": "1"}]),
    ("spec.securityContext", "seLinuxOptions", {"type": "spc_t"}),
    ("container", "privileged", True),
    ("container", "allowPrivilegeEscalation", True),
    ("container", "capabilities", {"drop": []}),
    ("container", "capabilities", {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
]
BREAKS_RESTRICTED = [
    ("spec.securityContext", "runAsUser", 0),
    ("spec.securityContext", "windowsOptions", {"hostProcess": True}),
    ("spec.securityContext", "appArmorProfile", {"type": "Unconfined"}),
    ("container", "runAsUser", 0),
    ("container", "runAsNonRoot", False),
    ("container", "procMount", "Unmasked"),
    ("container", "allowPrivilegeEscalation", None),
    ("container", "capabilities", None),
]
BREAKS_V2 = [
    ("container", "runAsUser", 0),
    ("spec.securityContext", "fsGroup", 10001),
    ("container", "seccompProfile", {"type": "Localhost", "localhostProfile": "x"}),
]


def broken(where: str, key: str, value: Any, index: int) -> dict[str, Any]:
    """A pod with one field changed, in the first or in the last container."""
    one = pod(GROUP, dataclasses.replace(STAGED, run_as=""))
    places = {
        "spec": one["spec"],
        "spec.securityContext": one["spec"]["securityContext"],
        "container": containers(one)[index]["securityContext"],
    }
    places[where][key] = value
    return one


@pytest.mark.parametrize("index", [0, -1])
@pytest.mark.parametrize(("where", "key", "value"), [*BREAKS, *BREAKS_RESTRICTED])
def test_the_restricted_standard_finds_what_breaks_it(
    where: str, key: str, value: Any, index: int
) -> None:
    (found,) = violations_of_restricted(broken(where, key, value, index))[:1]
    assert key.split("[")[0] in found or key == "volumes"


@pytest.mark.parametrize("index", [0, -1])
@pytest.mark.parametrize(("where", "key", "value"), [*BREAKS, *BREAKS_V2])
def test_openshifts_rules_find_what_breaks_them(
    where: str, key: str, value: Any, index: int
) -> None:
    assert violations_of_restricted_v2(broken(where, key, value, index), OPENSHIFT) != []


def test_own_rules_find_what_breaks_them() -> None:
    one = pod(ONE, CLAIM)
    one["spec"]["containers"][0] |= {"image": "x:1", "resources": {}}
    one["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] = False
    assert len(violations_of_own_rules(one)) == 8


@pytest.mark.parametrize("one", ALL)
def test_every_pod_has_its_own_scratch_and_no_token(one: dict[str, Any]) -> None:
    assert one["spec"]["automountServiceAccountToken"] is False
    for container in containers(one):
        needs = container["resources"]
        assert needs["requests"]["memory"] == needs["limits"]["memory"]
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]


def test_what_the_steps_of_a_group_leave_adds_up() -> None:
    for site in (CLAIM, STAGED):
        one = pod(GROUP, site)
        assert one["spec"]["volumes"][0]["emptyDir"] == {"sizeLimit": "1000M"}
        for container in containers(one):
            assert container["resources"]["limits"]["ephemeral-storage"] == "1000M"


def test_only_the_stagers_get_a_token_for_the_storage() -> None:
    audience = "sts.example"
    site = dataclasses.replace(STAGED, storage_secret="", storage_token_audience=audience)
    one = pod(GROUP, site)
    token = {"audience": audience, "expirationSeconds": 86400, "path": "token"}
    assert one["spec"]["volumes"][-1] == {
        "name": "token",
        "projected": {"sources": [{"serviceAccountToken": token}]},
    }
    mounts = {c["name"]: [m["name"] for m in c["volumeMounts"]] for c in containers(one)}
    assert [name for name, found in mounts.items() if "token" in found] == ["stage-in", "stage-out"]
    assert not any("envFrom" in c for c in containers(one))
    assert violations_of_restricted_v2(one, OPENSHIFT) == []


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


@pytest.mark.parametrize("one", ALL)
def test_no_pod_changes_the_owners_of_a_whole_study(one: dict[str, Any]) -> None:
    assert one["spec"]["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"


@pytest.mark.parametrize("run_as", ["0", "0:0", "root", "1000:staff", "-1"])
def test_root_and_names_are_refused(run_as: str) -> None:
    with pytest.raises(StepsError, match="never root"):
        pod(ONE, dataclasses.replace(CLAIM, run_as=run_as))


def test_a_group_zero_is_not_given_to_volumes() -> None:
    security = pod(ONE, dataclasses.replace(CLAIM, run_as="10001:0"))["spec"]["securityContext"]
    assert security["runAsGroup"] == 0
    assert "fsGroup" not in security
