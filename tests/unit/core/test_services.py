from __future__ import annotations

import pytest

from monitor.core.entries import ServiceFacts
from monitor.core.services import (
    Catalogue,
    Found,
    Match,
    ProcessFacts,
    ServiceRule,
    beyond,
    configured,
    discovered,
    in_container,
    lies_in,
    machine_of,
    own_group,
)
from monitor.workloads import catalogue

KINDS = catalogue()
KNOWN = Catalogue(KINDS)
ID = "3f9a1c0b7e52" + 52 * "0"
UID = "7b0a5cde-11aa-4b4c-8d00-0123456789ab"
DOCKER = f"/system.slice/docker-{ID}.scope"
BURSTABLE = "/kubepods.slice/kubepods-burstable.slice"
POD = f"{BURSTABLE}/kubepods-burstable-pod{UID.replace('-', '_')}.slice"


def process(
    line: str = "", cgroup: str = "/", comm: str = "", ports: frozenset[int] = frozenset(), **other: int
) -> ProcessFacts:
    return ProcessFacts(
        pid=other.get("pid", 7), parent=1, started=9, comm=comm, argv=tuple(line.split()), cgroup=cgroup, ports=ports
    )


def kind_of(line: str) -> str | None:
    kind = KNOWN.recognise(line.split())
    return kind.kind if kind else None


def rule(key: str = "a", **match: object) -> ServiceRule:
    return ServiceRule(ServiceFacts(key, key, found_by="configured"), Match(**match))  # type: ignore[arg-type] # one field


def key_of(line: str, cgroup: str = "/", *rules: ServiceRule) -> str:
    found = discovered(process(line, cgroup), KNOWN, rules)
    assert found is not None
    return found[0].key


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("/venv/bin/python3 /venv/bin/vllm serve mistralai/Ministral-8B", "vllm"),
        ("python -m vllm.entrypoints.openai.api_server --model x", "vllm"),
        ("python3 -m vllm.entrypoints.cli.main serve x", "vllm"),
        ("VLLM::EngineCore", "vllm"),
        ("VLLM::Worker_TP0_DP0", "vllm"),
        ("ray::RayWorkerWrapper.execute_method", "vllm"),
        ("text-generation-launcher --model-id x", "tgi"),
        ("text-generation-router --port 80", "tgi"),
        ("/opt/conda/bin/python3.11 /opt/conda/bin/text-generation-server serve x", "tgi"),
        ("text-embeddings-router --model-id x", "tei"),
        ("/app/llama-server -m model.gguf", "llama-cpp"),
        ("./mistral-7b.llamafile --server", "llama-cpp"),
        ("python3 -m llama_cpp.server --model x", "llama-cpp"),
        ("python3 -m sglang.launch_server --model-path x", "sglang"),
        ("sglang::scheduler_TP0", "sglang"),
        ("/opt/tritonserver/bin/tritonserver --model-repository=/models", "triton"),
        ("/opt/tritonserver/backends/python/triton_python_backend_stub /models/m/1/model.py", "triton"),
        ("python3 -m vllm_nvext.entrypoints.openai.api_server", "nim"),
        ("/opt/nim/llm/.venv/bin/python3 -m nim_llm_sdk.entrypoints.openai.api_server", "nim"),
        ("python3 /usr/local/bin/trtllm-serve x", "tensorrt-llm"),
        ("python3 -m dynamo.vllm --model x", "dynamo"),
        ("/usr/local/bin/ollama serve", "ollama"),
        ("/usr/local/bin/ollama runner --ollama-engine --model /blobs/sha256-1", "ollama"),
        ("/build/local-ai run", "localai"),
        ("/usr/bin/python3 /usr/local/bin/xinference-local -H 0.0.0.0", "xinference"),
        ("/app/.venv/bin/python /app/.venv/bin/litellm --config /app/config.yaml", "litellm"),
        ("python3 /usr/bin/litellm", "litellm"),
        ("ray::ServeReplica:default:Model.handle_request", "ray-serve"),
        ("/venv/bin/python /venv/bin/serve run app:model", "ray-serve"),
        ("python -m huggingfaceserver --model_name=x", "kserve"),
        ("python /usr/local/bin/bentoml serve service:Svc", "bentoml"),
        ("/venv/bin/python -m _bentoml_impl.worker.service svc:Svc --fd 5", "bentoml"),
        ("/opt/mlserver/bin/python /opt/mlserver/bin/mlserver start /models", "mlserver"),
        ("/ovms/bin/ovms --model_name x --rest_port 8000", "openvino"),
        ("python /app/.venv/bin/infinity_emb v2 --model-id x", "infinity"),
        ("java -Xmx1g -cp .:/ts/model-server.jar org.pytorch.serve.ModelServer --python python", "torchserve"),
        ("/venv/bin/python /venv/lib/python3.9/site-packages/ts/model_service_worker.py --port 9000", "torchserve"),
        ("./whisper-server -m ggml-base.bin", "whisper"),
        ("/venv/bin/python /venv/bin/uvicorn --factory speaches.main:create_app", "whisper"),
        ("python3 -m wyoming_faster_whisper --model x", "whisper"),
        ("python3 /srv/ComfyUI/main.py --listen", "comfyui"),
        ("python3 -u /srv/stable-diffusion-webui-forge/launch.py", "stable-diffusion"),
        ("/venv/bin/python /venv/bin/lightning serve server.py", "litserve"),
        ("/venv/bin/python /venv/bin/transformers serve", "transformers"),
        ("python3 /opt/lmdeploy serve api_server x", "lmdeploy"),
    ],
)
def test_a_server_is_recognised_as_it_is_really_started(line: str, kind: str) -> None:
    assert kind_of(line) == kind


@pytest.mark.parametrize(
    "line",
    [
        "",
        "vim /srv/vllm.py",
        "emacs vllm serve",
        "grep -r ollama /etc",
        "grep VLLM::EngineCore",
        "tail -f /var/log/vllm.log",
        "less llama-server",
        "python3 vllm.py serve",
        "python3 /srv/notes/ollama.py",
        "python3 -m pytest vllm",
        "python3 -m pip install vllm",
        "python3 -c vllm",
        "bash -c ollama serve",
        "docker run --rm vllm/vllm-openai --model x",
        "ssh gpu01 ollama serve",
        "systemctl start ollama.service",
        "ollama run mistral",
        "ollama pull mistral",
        "vllm bench serve --model x",
        "vllm chat",
        "python3 -m vllm.entrypoints.cli.main bench serve",
        "bentoml build",
        "ray start --head",
        "serve deploy config.yaml",
        "node /usr/bin/serve -s build",
        "python3 main.py",
        "python3 -m uvicorn shop.main:app --port 8000",
        "java -jar vllm.jar",
        "watch nvidia-smi",
    ],
)
def test_what_only_mentions_a_server_is_none(line: str) -> None:
    assert kind_of(line) is None


def test_a_catalogue_without_kinds_knows_nothing() -> None:
    assert Catalogue(()).recognise(["ollama", "serve"]) is None
    assert Catalogue(()).recognise([]) is None


def test_the_catalogue_knows_each_kind_once_and_every_expression_is_valid() -> None:
    kinds = [kind.kind for kind in KINDS]
    assert len(kinds) == len(set(kinds)) >= 18
    assert all(kind.programs or kind.modules or kind.titles for kind in KINDS)
    assert kind_of("no such program") is None


@pytest.mark.parametrize(
    ("match", "cgroup", "group"),
    [
        ({"systemd": "vllm.service"}, "/system.slice/vllm.service", "/system.slice/vllm.service"),
        ({"systemd": "vllm.service"}, "/system.slice/vllm.service/worker", "/system.slice/vllm.service"),
        ({"systemd": "vllm@*.service"}, "/system.slice/vllm@gpu1.service", "/system.slice/vllm@gpu1.service"),
        ({"container": "3f9a1c0b7e52"}, DOCKER, DOCKER),
        ({"container": "3f9a"}, f"/docker/{ID}", f"/docker/{ID}"),
        ({"container": "3f9a"}, f"/user.slice/libpod-{ID}.scope/container", f"/user.slice/libpod-{ID}.scope"),
        ({"container": "web"}, "/lxc/web/ns/system.slice", "/lxc/web"),
        (
            {"virtual_machine": "my-web"},
            r"/machine.slice/machine-qemu\x2d13\x2dmy\x2dweb.scope/libvirt/vcpu0",
            r"/machine.slice/machine-qemu\x2d13\x2dmy\x2dweb.scope",
        ),
        ({"virtual_machine": "web"}, "/machine/qemu-3-web.libvirt-qemu/emulator", "/machine/qemu-3-web.libvirt-qemu"),
        ({"virtual_machine": "104"}, "/qemu.slice/104.scope", "/qemu.slice/104.scope"),
        ({"container": "my-web"}, r"/machine.slice/machine-my\x2dweb.scope", r"/machine.slice/machine-my\x2dweb.scope"),
        ({"pod": UID}, f"{POD}/cri-containerd-{ID}.scope", POD),
        ({"pod": "7b0a5cde-*"}, f"/kubepods/burstable/pod{UID}/{ID}", f"/kubepods/burstable/pod{UID}"),
        ({"cgroup": "/ia.slice/*"}, "/ia.slice/a.slice/b.scope", "/ia.slice/a.slice"),
    ],
)
def test_a_configured_service_has_the_outermost_group_that_is_named(
    match: dict[str, str], cgroup: str, group: str
) -> None:
    assert configured(process("anything", cgroup), [rule(**match)]) == Found("a", group)


@pytest.mark.parametrize(
    ("match", "cgroup"),
    [
        ({"systemd": "vllm.service"}, "/system.slice/vllm.service.d"),
        ({"systemd": "vllm.service"}, "/"),
        ({"container": "3f9a"}, "/system.slice/3f9a.service"),
        ({"container": "9a1c"}, DOCKER),
        ({"container": "we"}, "/lxc/web"),
        ({"virtual_machine": "web"}, r"/machine.slice/machine-qemu\x2d1\x2dmy\x2dweb.scope"),
        ({"virtual_machine": "web"}, r"/machine.slice/machine-web.scope"),
        ({"virtual_machine": "1"}, "/qemu.slice/104.scope"),
        ({"virtual_machine": "104"}, "/lxc/104"),
        ({"pod": "11aa"}, POD),
        ({"cgroup": "/ia.slice/*"}, "/ia.slice"),
    ],
)
def test_a_group_that_is_not_named_matches_nothing(match: dict[str, str], cgroup: str) -> None:
    assert configured(process("anything", cgroup), [rule(**match)]) is None


def test_the_first_rule_that_matches_decides() -> None:
    rules = [rule("one", process=r"server .*--port 8080"), rule("two", process="server")]
    assert configured(process("/srv/server --port 8080"), rules) == Found("one")
    assert configured(process("/srv/server --port 8081"), rules) == Found("two")
    assert configured(process("/srv/client"), rules) is None


def test_a_port_names_the_unit_of_who_listens_on_it() -> None:
    group = "/system.slice/tgi.service"
    assert configured(process("tgi", group, ports=frozenset({80})), [rule(port=80)]) == Found("a", group)
    assert configured(process("tgi", group), [rule(port=80)]) is None


def test_who_only_forwards_to_a_container_is_not_the_service() -> None:
    forwarder = process("docker-proxy -host-port 80", comm="docker-proxy", ports=frozenset({80}))
    assert configured(forwarder, [rule(port=80)]) is None


@pytest.mark.parametrize(
    ("cgroup", "group"),
    [
        ("/system.slice/ollama.service", "/system.slice/ollama.service"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/a.service", None),
        (DOCKER, None),
        (f"{POD}/cri-containerd-{ID}.scope", None),
        ("/kubepods/burstable/pod" + "0" * 32, None),
        (f"/system.slice/vllm.service/libpod-payload-{ID}", "/system.slice/vllm.service"),
        (f"/docker/{ID}/system.slice/vllm.service", None),
        ("/user.slice/user-1000.slice/session-3.scope", ""),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/app-term.scope", ""),
        ("/system.slice/docker.service", ""),
        ("/system.slice/cron.service", ""),
        ("/system.slice/gitlab-runner.service", ""),
        ("/system.slice/systemd-nspawn@web.service/payload", ""),
        ("/system.slice", ""),
        ("/", ""),
        ("", ""),
    ],
)
def test_the_group_that_belongs_to_one_service_whole(cgroup: str, group: str | None) -> None:
    """Never the root, a slice, a session, or a unit that runs what others start."""
    assert own_group(cgroup) == (cgroup if group is None else group)


@pytest.mark.parametrize(
    ("line", "cgroup", "key"),
    [
        ("ollama serve", "/system.slice/ollama-gpu.service", "ollama-gpu"),
        ("ollama serve", "/user.slice/user-1.slice/session-3.scope", "ollama"),
        ("vllm serve m --port 8000", "/", "vllm"),
        ("vllm serve m --port 8001", "/", "vllm-8001"),
        ("vllm serve m", DOCKER, "vllm"),
        ("ollama serve", "/lxc/104/ns/system.slice/ollama.service", "ollama-104"),
        ("ollama serve", r"/machine.slice/machine-my\x2dweb.scope/ollama.service", "ollama-my-web"),
    ],
)
def test_a_discovered_service_has_a_key_that_outlives_a_restart(line: str, cgroup: str, key: str) -> None:
    assert key_of(line, cgroup) == key


def test_a_key_says_nothing_of_the_pid_or_of_the_containers_id() -> None:
    other = DOCKER.replace("3f9a", "ffff")
    assert key_of("vllm serve m", DOCKER) == key_of("vllm serve m", other)
    one, two = (discovered(process("vllm serve m", pid=pid), KNOWN, ()) for pid in (7, 8))
    assert one == two


def test_a_discovered_service_never_takes_the_key_of_a_configured_one() -> None:
    assert key_of("ollama serve", "/", rule("ollama", port=8000)) == "ollama-discovered"
    assert key_of("ollama serve", "/system.slice/_other.service") == "_other-discovered"


def test_a_server_that_will_listen_on_a_configured_port_is_that_service_from_the_start() -> None:
    facts = rule("assistant", port=8000).facts
    for line in ("vllm serve m", "vllm serve m --port 8000"):
        assert discovered(process(line), KNOWN, [rule("assistant", port=8000)]) == (Found("assistant"), facts)
    assert key_of("vllm serve m --port 8001", "/", rule("assistant", port=8000)) == "vllm-8001"


def test_a_port_inside_a_container_is_not_the_hosts() -> None:
    assert key_of("vllm serve m --port 8000", DOCKER, rule("assistant", port=8000)) == "vllm"
    assert in_container(f"{POD}/x")
    assert in_container(f"/system.slice/vllm.service/libpod-payload-{ID}")
    assert in_container("/lxc/web/init")
    assert not in_container("/system.slice/vllm.service")


def test_what_a_discovered_service_is_called() -> None:
    found = discovered(process("vllm serve m"), KNOWN, ())
    assert found is not None
    assert found[1] == ServiceFacts("vllm", "vLLM", kind="vllm", found_by="discovered")
    found = discovered(process("vllm serve m", "/system.slice/chat.service"), KNOWN, ())
    assert found is not None
    assert found[1].name == "vLLM (chat)"
    assert discovered(process("nginx"), KNOWN, ()) is None


@pytest.mark.parametrize("unit", ["run-u123", "run-r0123456789abcdef0123456789abcdef", "run-p1234-i5678"])
def test_a_unit_without_a_name_of_its_own_names_no_service(unit: str) -> None:
    """systemd-run gives each program it starts a new one: fifty, and no service would be discovered any more."""
    found = discovered(process("vllm serve m", f"/system.slice/{unit}.service"), KNOWN, ())
    assert found is not None
    assert found[0] == Found("vllm", f"/system.slice/{unit}.service")
    named = discovered(process("vllm serve m", "/system.slice/run-vllm.service"), KNOWN, ())
    assert named is not None
    assert named[0].key == "run-vllm"


def test_a_machine_is_named_as_its_administrator_named_it() -> None:
    assert machine_of("/lxc.payload.web/x") == machine_of("/system.slice/systemd-nspawn@web.service") == "web"
    assert machine_of("/user.slice/lxcfs.service") == ""


@pytest.mark.parametrize("code", [r"\x00", r"\x0a", r"\x1b", r"\x2f", r"\x7f", r"\x85", r"\xff"])
def test_a_machine_has_no_character_in_its_name_that_no_name_can_have(code: str) -> None:
    """Whoever may make groups could write so: databases and scrapers refuse a NUL, terminals obey an escape."""
    assert machine_of(rf"/machine.slice/machine-a{code}b.scope") == f"a{code}b"


@pytest.mark.parametrize("odd", ["\x1b", "\v", "\r", "\x7f", "\x85", "\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_a_unit_whose_name_would_steer_a_terminal_is_found_under_a_plain_name(odd: str) -> None:
    found = discovered(process("vllm serve m", f"/system.slice/a{odd}[2Jb.service"), KNOWN, ())
    assert found is not None
    assert found[0].key == found[1].key == "a_[2Jb"
    assert found[1].name == "vLLM (a_[2Jb)"


def test_a_group_lies_in_itself_and_in_those_above() -> None:
    assert lies_in("/a/b", "/a")
    assert lies_in("/a", "/a")
    assert lies_in("/a", "/")
    assert not lies_in("/ab", "/a")


def test_only_the_discovered_count_towards_the_cap() -> None:
    known = {"a": ServiceFacts("a", "a", found_by="configured"), "b": ServiceFacts("b", "b", found_by="discovered")}
    assert beyond(1, known, "c")
    assert not beyond(1, known, "b")
    assert not beyond(2, known, "c")
