"""The installed command line, run as a person or a script runs it."""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

PATIENCE = 300
"""Seconds after which a command counts as hung; generous, because machines are busy."""


@dataclass(frozen=True)
class Run:
    """A command that has ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[dict]:
        """Objects of ``--progress json``, one a line."""
        return [json.loads(line) for line in self.stderr.splitlines()]

    @property
    def json(self) -> dict:
        """The object that ``--json`` printed."""
        assert self.stdout.count("\n") == 1, self.stdout
        return json.loads(self.stdout)

    def succeeded(self) -> "Run":
        assert self.status == 0, f"exit status {self.status}: {self.stderr}"
        return self


class CommandLine:
    """Runs ``microct-io-vis`` from this Python's environment."""

    def __init__(self) -> None:
        self.path = Path(sysconfig.get_path("scripts")) / "microct-io-vis"

    def __call__(self, *words: object, **settings) -> Run:
        """Runs a command to its end."""
        process = self.start(*words, **settings)
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{words} hung after saying {err!r}") from None
        return Run(process.returncode, out, err)

    def start(self, *words: object, **settings) -> subprocess.Popen:
        """Starts a command and lets it run."""
        return subprocess.Popen(
            [str(self.path), *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            **settings,
        )

    def fall_asleep(self, *words: object) -> subprocess.Popen:
        """Starts a command, which stops when it has written a block."""
        started = self.start(*words, env=os.environ | preloaded("sleeper.cjs"))
        until(lambda: psutil.Process(started.pid).status() == psutil.STATUS_STOPPED, started)
        return started

    def info(self, source: Path) -> dict:
        return self("info", source, "--json").succeeded().json

    def estimate(self, *words: object) -> dict:
        return self("estimate", *words, "--json").succeeded().json

    def convert(self, *words: object) -> dict:
        """Converts and returns the ``done`` event."""
        run = self("convert", *words, "--progress", "json").succeeded()
        done = run.events[-1]
        assert done["event"] == "done", run.stderr
        assert run.stdout == f"{done['output']}\n"
        return done

    def crash(self, *words: object) -> None:
        """Converts, and is killed when half of it is done."""
        process = self.start("convert", *words, "--progress", "json")
        for line in process.stderr:
            event = json.loads(line)
            assert event["event"] == "progress", line
            if event["doneBytes"] > 0.5 * event["totalBytes"]:
                break
        process.kill()
        process.communicate()

    def peak_memory(self, *words: object) -> tuple[Run, int]:
        """Runs a command, and returns with it the peak resident bytes that the operating system counted.

        A small process stands between, because a forked child begins with its parent's memory on its account.
        """
        script = (
            "import os, resource, sys\n"
            "pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)\n"
            "_, status, usage = os.wait4(pid, 0)\n"
            "os.write(int(sys.argv[1]), str(usage.ru_maxrss).encode())\n"
            "sys.exit(os.waitstatus_to_exitcode(status) & 255)\n"
        )
        read, write = os.pipe()
        with os.fdopen(read) as answer:
            try:
                process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", script, str(write), str(self.path), *map(str, words)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    pass_fds=[write],
                )
            finally:
                os.close(write)
            out, err = process.communicate(timeout=PATIENCE)
            unit = 1 if sys.platform == "darwin" else 1024
            return Run(process.returncode, out, err), int(answer.read()) * unit


def preloaded(name: str) -> dict[str, str]:
    """Environment of a process that loads one of the files beside this one first."""
    return {"NODE_OPTIONS": f"--require={Path(__file__).with_name(name)}"}


def until(condition, process: subprocess.Popen) -> None:
    """Waits until a condition holds while a process runs."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, f"ended early: {process.communicate()[1]}"
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def finish(process: subprocess.Popen, stop: signal.Signals | None = None) -> Run:
    """Waits for a started command, after a signal where one is given."""
    if stop is not None:
        process.send_signal(stop)
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    try:
        out, err = process.communicate()
    finally:
        timer.cancel()
    return Run(process.returncode, out, err)


def without_privilege() -> None:
    """For ``preexec_fn``: makes file permissions hold for root too, by giving up what overrides them."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        if libc.prctl(24, capability, 0, 0, 0) != 0:  # PR_CAPBSET_DROP
            raise OSError(ctypes.get_errno(), "prctl")


def small_files(limit: int):
    """For ``preexec_fn``: no file may grow over ``limit`` bytes."""

    def set_limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return set_limit
