import pytest

from monitor.core.commands import Command, listening, what_runs


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/usr/local/bin/ollama serve", Command("ollama", (), "serve")),
        ("llama-server", Command("llama-server", (), "")),
        ("python3 /venv/bin/vllm serve some/model", Command("vllm", (), "serve")),
        ("/usr/bin/python3.12 -m bentoml serve .", Command("bentoml", ("bentoml",), "serve")),
        (
            "python -u -W ignore -Xdev -m sglang.launch_server",
            Command("sglang.launch_server", ("sglang.launch_server",)),
        ),
        ("python3.13t -Im mlserver start .", Command("mlserver", ("mlserver",), "start")),
        ("python -mmlserver start", Command("mlserver", ("mlserver",), "start")),
        ("python -X importtime serve.py --port 1", Command("", ("serve", "/serve"), "--port")),
        ("pypy3 /opt/ComfyUI/main.py --listen", Command("", ("main", "ComfyUI/main"), "--listen")),
        ("python --check-hash-based-pycs always main.py", Command("", ("main", "/main"))),
        ("uvicorn --factory speaches.main:create_app", Command("uvicorn", ("speaches.main",), "--factory")),
        ("python -m uvicorn app:app", Command("uvicorn", ("uvicorn", "app"), "app:app")),
        ("python /v/bin/gunicorn -b 0.0.0.0:80 shop.wsgi:make()", Command("gunicorn", ("shop.wsgi",), "-b")),
        ("java -Xmx4g -cp /a.jar:/b.jar org.Server --python p", Command("java", ("org.Server",), "--python")),
        ("/usr/bin/java -jar /srv/app.jar serve", Command("java", ("app.jar",), "serve")),
    ],
)
def test_what_a_command_line_runs(line: str, command: Command) -> None:
    assert what_runs(line.split()) == command


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("",),
        ("python",),
        ("python", "-m"),
        ("python", "-W"),
        ("python3", "-c", "import vllm; vllm.serve()", "vllm", "serve"),
        ("python3", "-ic", "/venv/bin/vllm", "serve"),
        ("python3", "--version"),
    ],
)
def test_a_command_line_that_does_not_tell_runs_nothing_known(argv: tuple[str, ...]) -> None:
    assert what_runs(argv) == Command()


def test_java_without_a_class_runs_java() -> None:
    assert what_runs(["java", "-version"]) == Command("java")
    assert what_runs(["java", "-jar"]) == Command("java", ("",))


@pytest.mark.parametrize(
    ("line", "port"),
    [
        ("vllm serve m --port 8001", 8001),
        ("vllm serve m --port=8001", 8001),
        ("xinference-local -H 0.0.0.0 -p 9998", 9998),
        ("tritonserver --http-port 9000", 9000),
        ("ovms --rest_port 8000", 8000),
        ("vllm serve m", None),
        ("vllm serve m --port", None),
        ("vllm serve m --port auto", None),
    ],
)
def test_the_port_that_is_asked_for(line: str, port: int | None) -> None:
    assert listening(line.split()) == port


def test_a_port_of_very_many_digits_is_none() -> None:
    """Whoever has an account can write it."""
    assert listening(["x", "--port", "9" * 5000]) is None
    assert listening(["x", "--port", "²"]) is None
