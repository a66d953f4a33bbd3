import subprocess
import sys
import threading
from pathlib import Path

from monitor.watch import EVENT, EVENT_AT, PROC_EVENT_EXEC, PROC_EVENT_EXIT, ProcessWatch, parse


class Alarm:
    def __init__(self) -> None:
        self.rung = threading.Semaphore(0)

    def ring(self) -> None:
        self.rung.release()

    def within(self, seconds: float) -> bool:
        return self.rung.acquire(timeout=seconds)


def is_sleep(pid: int) -> bool:
    try:
        return b"sleep\x00314" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_the_start_and_the_end_of_a_service_are_noticed_and_nothing_else_is() -> None:
    alarm, pids = Alarm(), set[int]()
    with ProcessWatch(is_sleep, lambda: frozenset(pids), alarm.ring) as watch:
        assert watch.unavailable == ""
        subprocess.run(["true"], check=True)
        assert not alarm.within(0.5)
        with subprocess.Popen(["sleep", "314"]) as child:
            assert alarm.within(10)
            pids.add(child.pid)
            child.terminate()
        assert alarm.within(10)


def test_a_watch_that_may_not_listen_says_so_and_stops_cleanly(tmp_path: Path) -> None:
    script = tmp_path / "refused.py"
    script.write_text(
        "import monitor.watch\n"
        "def refuse(): raise PermissionError(1, 'Operation not permitted')\n"
        "monitor.watch.listen = refuse\n"
        "with monitor.watch.ProcessWatch(lambda _: True, frozenset, lambda: None) as watch:\n"
        "    print(watch.unavailable)\n"
    )
    told = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True).stdout
    assert told == "the kernel's process events can't be heard (Operation not permitted)\n"


def _message(what: int, pid: int, tgid: int) -> bytes:
    return bytes(EVENT_AT) + EVENT.pack(what, 0, 0, pid, tgid)


def test_the_end_of_a_thread_is_not_the_end_of_a_process() -> None:
    assert parse(_message(PROC_EVENT_EXIT, 11, 10)) is None
    assert parse(_message(PROC_EVENT_EXIT, 10, 10)) == (PROC_EVENT_EXIT, 10)
    assert parse(_message(PROC_EVENT_EXEC, 10, 10)) == (PROC_EVENT_EXEC, 10)
    assert parse(_message(1, 10, 10)) is None
    assert parse(b"short") is None
