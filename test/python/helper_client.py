"""A client of the helper kernel, as a browser is one: requests and events over a comm."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client import BlockingKernelClient, KernelManager
from jupyter_core.paths import jupyter_runtime_dir

PATIENCE = 120
"""Seconds after which an answer counts as lost; generous, because machines are busy."""


class HelperError(Exception):
    """An error that the helper answered in place of a result."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]
        self.field = error["field"]


def helper_manager() -> KernelManager:
    """A manager for one helper, with its connection file where Jupyter's server puts it: what is known of jobs of
    earlier helpers lies beside that."""
    file = Path(jupyter_runtime_dir()) / f"kernel-{uuid.uuid4()}.json"
    return KernelManager(kernel_name="microct-io-vis", connection_file=str(file))


class Client:
    """One connection to the kernel with one comm on it. Keeps what it heard on iopub."""

    def __init__(self, manager: KernelManager, target: str = "microct-io-vis") -> None:
        # A session of its own, as each page has: `manager.client()` would lend its own to all.
        self.kernel = BlockingKernelClient()
        self.kernel.load_connection_info(manager.get_connection_info())
        self.kernel.start_channels()
        self.kernel.wait_for_ready(timeout=PATIENCE)
        self.comm = uuid.uuid4().hex
        self.heard: list[dict[str, Any]] = []
        self._count = 0
        self._send("comm_open", {"comm_id": self.comm, "target_name": target, "data": {}})

    def close(self) -> None:
        self.kernel.stop_channels()

    def leave(self) -> None:
        """As a page that is closed does: the helper hears of it."""
        self._send("comm_close", {"comm_id": self.comm, "data": {}})
        self.close()

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a request."""
        return self.ask_for_bytes(method, **params)[0]

    def ask_for_bytes(self, method: str, **params: Any) -> tuple[Any, bytes]:
        """The result of a request, and the bytes that came with it."""
        self._count += 1
        mine = self._count
        self._send("comm_msg", {"comm_id": self.comm, "data": {"id": mine, "method": method, "params": params}})
        answer = self.until(lambda message: data_of(message, self.comm).get("id") == mine)
        data = data_of(answer, self.comm)
        if "error" in data:
            raise HelperError(data["error"])
        return data["result"], b"".join(bytes(buffer) for buffer in answer["buffers"])

    def until_job(self, job: str, *states: str) -> dict[str, Any]:
        """Waits until this client has heard that a job is in one of the states."""

        def is_it(message: dict[str, Any]) -> bool:
            told = data_of(message, self.comm).get("job")
            return isinstance(told, dict) and told["id"] == job and told["state"] in states

        return data_of(self.until(is_it), self.comm)["job"]

    def jobs_heard(self) -> list[dict[str, Any]]:
        """Jobs in the events so far."""
        told = [data_of(message, self.comm) for message in self.heard]
        return [data["job"] for data in told if data.get("event") == "job"]

    def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first message on iopub, heard before or still to come, for which the condition holds."""
        for message in self.heard:
            if condition(message):
                return message
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            message = self._hear(1)
            if message is not None and condition(message):
                return message
        raise AssertionError(f"waited in vain; the last messages were {self.heard[-5:]}")

    def listen(self, seconds: float) -> list[dict[str, Any]]:
        """Messages that come within some time."""
        before = len(self.heard)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._hear(max(0.01, end - time.monotonic()))
        return self.heard[before:]

    def status(self) -> str:
        """The kernel's state by its last word."""
        self.listen(0.2)
        states = [message["content"]["execution_state"] for message in self.heard if message["msg_type"] == "status"]
        return states[-1]

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        self.kernel.shell_channel.send(self.kernel.session.msg(kind, content))

    def _hear(self, timeout: float) -> dict[str, Any] | None:
        try:
            message = self.kernel.get_iopub_msg(timeout=timeout)
        except Empty:
            return None
        self.heard.append(message)
        return message


def data_of(message: dict[str, Any], comm: str) -> dict[str, Any]:
    """The data of a comm's message; nothing for any other message."""
    content = message["content"]
    return content["data"] if message["msg_type"] == "comm_msg" and content["comm_id"] == comm else {}
