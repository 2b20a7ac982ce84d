"""deploy/kubernetes: by the published schemas, as restricted as its pod security, and as the jobs are planned."""

import functools
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.deploy.commands import understood
from tests.support.paths import ROOT
from webapp import jobs
from webapp.settings import Settings
from webapp.settings_parts.secret_files import may_be_in_a_file

FOLDER = ROOT / "deploy" / "kubernetes"
NEWEST = kubernetes_validate.latest_version()
Resource = dict[str, Any]


def documents(file: Path) -> list[Resource]:
    return [each for each in yaml.safe_load_all(file.read_text()) if each is not None]


BASE = [each for file in sorted(FOLDER.glob("base/*.yaml")) for each in documents(file) if "metadata" in each]


@functools.cache
def example() -> list[Resource]:
    """What `kubectl apply -k` would send."""
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl here")
    command = ["kubectl", "kustomize", str(FOLDER / "example")]
    built = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert built.stderr == ""
    return list(yaml.safe_load_all(built.stdout))


def of(kind: str, resources: list[Resource]) -> dict[str, Resource]:
    return {each["metadata"]["name"]: each for each in resources if each["kind"] == kind}


def pods(resources: list[Resource]) -> Iterator[tuple[str, Resource]]:
    """The pod of each resource that makes some."""
    for each in resources:
        spec = each.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield each["metadata"]["name"], spec["template"]["spec"]


def containers(resources: list[Resource]) -> Iterator[tuple[str, Resource]]:
    return ((name, each) for name, pod in pods(resources) for each in pod["containers"])


@pytest.mark.parametrize("version", ["1.32", NEWEST])
def test_each_resource_is_what_its_published_schema_says(version: str) -> None:
    assert len(BASE) > 15
    for each in BASE:
        kubernetes_validate.validate(each, version, strict=True)


def test_the_schemas_refuse_what_is_wrong() -> None:
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(BASE[0] | {"specification": {}}, NEWEST, strict=True)


def test_the_example_builds_and_is_valid_too() -> None:
    for each in example():
        kubernetes_validate.validate(each, NEWEST, strict=True)
    assert {(each["kind"], each["metadata"]["namespace"]) for each in example() if each["kind"] != "Namespace"} == {
        (each["kind"], "escrow-desk") for each in example() if each["kind"] != "Namespace"
    }


def test_probes_of_the_example_ask_by_the_host_that_it_answers_to() -> None:
    host = of("ConfigMap", example())["escrow-desk"]["data"]["TRUSTED_HOSTS"]
    web = dict(containers(example()))["escrow-desk-web"]
    probes = [web[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
    assert [probe["httpHeaders"] for probe in probes] == [[{"name": "Host", "value": host}]] * 3
    assert [probe["path"] for probe in probes] == ["/livez", "/readyz", "/livez"]
    assert of("Ingress", example())["escrow-desk"]["spec"]["rules"][0]["host"] == host != "desk.example.com"


def test_every_list_of_resources_names_every_file() -> None:
    for folder in ("base", "example"):
        named = set(documents(FOLDER / folder / "kustomization.yaml")[0]["resources"]) - {"../base"}
        assert named == {file.name for file in (FOLDER / folder).glob("*.yaml")} - {"kustomization.yaml"}


def test_every_pod_keeps_to_restricted_pod_security() -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards: restricted; and a root that is read-only."""
    [namespace] = of("Namespace", BASE).values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for name, pod in pods(BASE):
        own = pod["securityContext"]
        assert (own["runAsNonRoot"], own["seccompProfile"]) == (True, {"type": "RuntimeDefault"}), name
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        kinds = {kind for volume in pod["volumes"] for kind in volume if kind != "name"}
        assert kinds <= {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}
    for _name, container in containers(BASE):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_every_container_runs_a_command_of_the_desk_within_limits() -> None:
    for name, container in containers(BASE):
        assert understood(container["args"]), name
        assert {"cpu", "memory"} == set(container["resources"]["limits"]) == set(container["resources"]["requests"])


def test_settings_are_settings_and_secrets_are_files() -> None:
    given = of("ConfigMap", BASE)["escrow-desk"]["data"]
    in_files = {name.removesuffix("_FILE").lower(): path for name, path in given.items() if name.endswith("_FILE")}
    assert all(may_be_in_a_file(name) for name in in_files)
    plain = {name.lower() for name in given if not name.endswith("_FILE")}
    assert plain <= set(Settings.model_fields)
    assert not [name for name in plain if may_be_in_a_file(name)]
    for _name, pod in pods(BASE):
        [mount] = [each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "secrets"]
        assert {str(Path(path).parent) for path in in_files.values()} == {mount["mountPath"]}
    for secret in of("Secret", example()).values():
        assert set(secret["data"]) == {Path(path).name for path in in_files.values()}


def test_only_the_migration_has_the_role_that_changes_tables() -> None:
    secrets = {
        name: volume["secret"]["secretName"]
        for name, pod in pods(BASE)
        for volume in pod["volumes"]
        if "secret" in volume
    }
    assert secrets.pop("escrow-desk-migrate") == "escrow-desk-migrate"
    assert set(secrets.values()) == {"escrow-desk"}


@pytest.mark.parametrize("name", ["escrow-desk-web", "escrow-desk-worker", "escrow-desk-scheduler"])
def test_each_process_is_probed_spread_and_never_disrupted_whole(name: str) -> None:
    deployment = of("Deployment", BASE)[name]["spec"]
    pod = deployment["template"]["spec"]
    [container] = pod["containers"]
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
    assert container["lifecycle"]["preStop"]["sleep"]["seconds"] < pod["terminationGracePeriodSeconds"]
    labels = deployment["selector"]["matchLabels"]
    assert labels == deployment["template"]["metadata"]["labels"]
    spread = {each["topologyKey"]: each["labelSelector"]["matchLabels"] for each in pod["topologySpreadConstraints"]}
    assert spread == {"kubernetes.io/hostname": labels, "topology.kubernetes.io/zone": labels}
    budget = of("PodDisruptionBudget", BASE)[name]["spec"]
    assert (budget["minAvailable"], budget["selector"]["matchLabels"]) == (1, labels)


def test_workers_are_added_by_the_age_of_the_oldest_waiting_run() -> None:
    spec = of("HorizontalPodAutoscaler", BASE)["escrow-desk-worker"]["spec"]
    assert spec["scaleTargetRef"]["name"] in of("Deployment", BASE)
    assert "replicas" not in of("Deployment", BASE)["escrow-desk-worker"]["spec"]
    [metric] = spec["metrics"]
    name = metric["external"]["metric"]["name"]
    assert f'"{name}", "Age of the run that waits longest."' in (ROOT / "webapp/api/probes/metrics.py").read_text()


@pytest.mark.parametrize(
    ("name", "job"),
    [
        ("process-payout-schedules", "process_payout_schedules"),
        ("release-placement-holds", "release_placement_holds"),
        ("release-pending-earnings", "release_pending_earnings"),
    ],
)
def test_a_cluster_s_clock_runs_a_job_when_the_desk_plans_it(name: str, job: str) -> None:
    spec = of("CronJob", BASE)[name]["spec"]
    declared = jobs.registry()[job]
    assert (spec["schedule"], spec["timeZone"]) == (declared.cron, "Etc/UTC")
    assert declared.zone == "UTC"
    assert spec["concurrencyPolicy"] == "Forbid"
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 3)
    assert (spec["jobTemplate"]["spec"]["activeDeadlineSeconds"], spec["jobTemplate"]["spec"]["backoffLimit"]) == (
        600,
        0,
    )
    [container] = spec["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["run", job, "--due", "--json"]
    assert container["resources"] == {
        "requests": {"cpu": "250m", "memory": "256Mi"},
        "limits": {"cpu": "500m", "memory": "512Mi"},
    }


def test_nothing_comes_in_but_to_the_web_pods_and_out_only_by_name() -> None:
    policies = of("NetworkPolicy", BASE)
    closed = policies.pop("escrow-desk-default")["spec"]
    assert (closed["podSelector"], closed["policyTypes"]) == ({}, ["Ingress", "Egress"])
    assert not {"ingress", "egress"} & set(closed)
    incoming = [each["spec"] for each in policies.values() if "ingress" in each["spec"]]
    assert [each["podSelector"]["matchLabels"] for each in incoming] == [{"app.kubernetes.io/component": "web"}]
    outside = [
        peer["ipBlock"]
        for each in policies.values()
        for rule in each["spec"].get("egress", [])
        for peer in rule["to"]
        if "ipBlock" in peer
    ]
    assert outside
    assert all("169.254.0.0/16" in each["except"] for each in outside)


def test_the_secrets_of_the_example_are_refused_in_production() -> None:
    assert len((FOLDER / "example" / "secrets" / "secret_key").read_text().strip()) < 32
    for file in (FOLDER / "example" / "secrets").iterdir():
        assert not re.search(r"//[^/@]*:[^/@]+@", file.read_text()), "no password"
