"""The conversion form, its progress and its result in a notebook."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path as FilePath
from typing import Any

import traitlets
from ipywidgets import widget_serialization
from traitlets import Dict, Enum, Instance, TraitError

from ..api import ConversionError, Plan, VolumeInfo, estimate, info, to_info, to_plan
from ..conversion import Conversion, ask
from ..errors import shown_as_message
from .module import BrowserWidget
from .options import OPTION_NAMES, ConversionOptions, as_trait
from .paths import Path, Source
from .viewer import ViewerWidget

SETTABLE = ("source", "target", *OPTION_NAMES)
_planners = ThreadPoolExecutor(max_workers=2, thread_name_prefix="microct-io-vis-plan")


class ConverterWidget(BrowserWidget, ConversionOptions):
    """Converts a TIFF volume to an OME-Zarr pyramid: the form with its plan, the progress, and at the end the viewer.

    The conversion runs in a process of its own on the kernel's machine. It goes on when the page is closed or reloaded,
    or when the widget is closed; it ends with the kernel, and can then be resumed.

    Parameters
    ----------
    source
        Path of a TIFF or of a folder of slices, or a list of paths of slices.
    target
        Path of the OME-Zarr to write; None: ``<stem>.ome.zarr`` beside the source.
    chunk_size, num_levels, shard, downsample, labels, parent, compression, checksum, max_memory, dtype, channel,
    value_range, roi, voxel_size, unit, ome_zarr, jobs, overwrite, resume
        The command line's options (``microct-io-vis convert --help``); None: its default. With ``resume=None`` the form
        offers to go on with what an interrupted conversion has left; `start` without the form starts over.

    All of these are traits: set them and the form shows it, change the form and they follow. While a conversion runs
    they cannot be set. To be observed, but not set:

    state
        ``"idle"``, ``"running"``, ``"done"``, ``"failed"`` or ``"cancelled"``.
    progress
        ``done_bytes``, ``total_bytes``, ``bytes_per_second`` and ``seconds_left`` (None at first); empty before.
    error
        ``code`` and ``message`` of what went wrong, or None.
    result
        ``output`` (a path), ``seconds``, ``bytes_written``, ``levels``, ``warnings``, …, or None.
    viewer
        The `ViewerWidget` on the output, or None before it is done.

    Observers of these are called from another thread than the cells.
    """

    _model_name = traitlets.Unicode("ConverterModel", read_only=True).tag(sync=True)
    _view_name = traitlets.Unicode("ConverterView", read_only=True).tag(sync=True)
    _from_browser = BrowserWidget._from_browser | set(SETTABLE)

    source = Source(help="Path of a TIFF or of a folder of slices, or paths of slices.").tag(sync=True)
    target = Path(None, allow_none=True, help="Path of the OME-Zarr to write.").tag(sync=True)
    state = Enum(("idle", "running", "done", "failed", "cancelled"), "idle", read_only=True).tag(sync=True)
    progress = Dict(read_only=True).tag(sync=True)
    error = Dict(None, allow_none=True, read_only=True).tag(sync=True)
    result = Dict(None, allow_none=True, read_only=True).tag(sync=True)
    #: What relative paths are relative to, and what ~ is, with / between segments.
    _folders = Dict(read_only=True).tag(sync=True)
    viewer = Instance(ViewerWidget, allow_none=True, read_only=True).tag(sync=True, **widget_serialization)

    def __init__(self, source: str | os.PathLike[str] | list[str] = "", **traits: Any) -> None:
        # For the step from one state to another, and for changes by the browser and by the conversion's thread.
        self._guard = threading.RLock()
        self._conversion: Conversion | None = None
        self._ended = threading.Event()
        unknown = sorted(set(traits) - set(self.trait_names()))
        if unknown:
            raise shown_as_message(
                TypeError(f"ConverterWidget has no option {', '.join(unknown)}; it has {', '.join(OPTION_NAMES)}")
            )
        self.set_trait("_folders", _folders())
        super().__init__(source=source, **{name: _as_trait(name, value) for name, value in traits.items()})

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, _as_trait(name, value))

    def __repr__(self) -> str:
        return f"ConverterWidget({self.source!r}, state={self.state!r})"

    def options(self) -> dict[str, Any]:
        """The options that are set, by their names on the command line."""
        options = _given({name: getattr(self, name) for name in OPTION_NAMES})
        return options | ({"parent": self._absolute(self.parent)} if self.parent is not None else {})

    def info(self) -> VolumeInfo:
        """What the source is; reads its headers only."""
        return info(self._source())

    def estimate(self) -> Plan:
        """What the conversion would do and need. Raises `ConversionError` where it cannot work."""
        return estimate(self._source(), self._target(), **self.options())

    def start(self) -> None:
        """Starts the conversion and returns at once; `wait` waits for it."""
        self._start("python")

    def _start(self, names: str) -> None:
        """``names``: how messages call the options."""
        with self._guard:
            if self.state == "running":
                raise RuntimeError(f"{self.source} is being converted: cancel() it or wait() for it first")
            conversion = Conversion(self._source(), self._target(), names=names, **self.options())
            self._conversion = conversion
            self._ended.clear()
            with self.hold_sync():
                for name, value in (("progress", {}), ("error", None), ("result", None), ("viewer", None)):
                    self.set_trait(name, value)
                self.set_trait("state", "running")
        threading.Thread(target=self._run, args=(conversion,), name="microct-io-vis-convert", daemon=True).start()

    def cancel(self) -> None:
        """Stops a running conversion and removes what it had written; without one, does nothing."""
        with self._guard:
            if self.state == "running" and self._conversion:
                self._conversion.cancel()

    def wait(self, timeout: float | None = None) -> FilePath:
        """Waits until the conversion has ended and returns the path of the output.

        The kernel's interrupt cancels the conversion, and so does the form's Cancel where the kernel takes messages
        while a cell runs (ipykernel 7).

        Raises
        ------
        ConversionError
            It failed or was cancelled; ``code`` and the message say why.
        TimeoutError
            It has not ended after ``timeout`` seconds, and goes on.
        RuntimeError
            It was never started.
        """
        if self.state == "idle":
            raise RuntimeError("there is nothing to wait for: start() the conversion first")
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            # In short waits, because Windows interrupts no long one.
            while not self._ended.wait(0.2 if deadline is None else min(0.2, max(0, deadline - time.monotonic()))):
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError(f"{self.source} is still being converted after {timeout} s")
        except KeyboardInterrupt:
            self.cancel()
            self._ended.wait(10)
            raise
        if self.error is not None:
            raise ConversionError(self.error["code"], self.error["message"])
        return FilePath(self.result["output"])

    def _source(self) -> str | list[str]:
        if not self.source:
            raise ValueError("ConverterWidget has no source: set it to the path of a TIFF")
        if isinstance(self.source, list):
            return [self._absolute(path) for path in self.source]
        return self._absolute(self.source)

    def _target(self) -> str | None:
        # A name alone is one in the parent's folder of labels.
        if self.target is None or (self.parent is not None and not re.search(r"[\\/]", self.target)):
            return self.target
        return self._absolute(self.target)

    def _absolute(self, path: str) -> str:
        """The path that was meant when it was set: a change of the working folder since then changes nothing."""
        return os.path.normpath(os.path.join(self._folders["cwd"], os.path.expanduser(path)))

    def _run(self, conversion: Conversion) -> None:
        try:
            result = conversion.run(self._progressed)
        except ConversionError as reason:
            self._end("cancelled" if reason.code == "cancelled" else "failed", error=_failure(reason))
        except Exception as reason:
            self._end("failed", error={"code": "internal", "message": f"{self.source}: {reason}", "field": None})
        else:
            self._end("done", result=result)

    def _progressed(self, progress: dict[str, Any]) -> None:
        with self._guard:
            self.set_trait("progress", progress)

    def _end(self, state: str, error: dict[str, Any] | None = None, result: dict[str, Any] | None = None) -> None:
        try:
            with self._guard, self.hold_sync():
                self.set_trait("error", error)
                self.set_trait("result", result)
                if result and self.comm is not None:
                    self.set_trait("viewer", ViewerWidget(result["output"]))
                self.set_trait("state", state)
        finally:
            self._ended.set()

    @traitlets.validate(*SETTABLE)
    def _refuse_while_running(self, proposal: dict[str, Any]) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        if self.state == "running" and value != getattr(self, name):
            raise TraitError(f"{name} cannot be changed while {self.source} is converted: cancel() or wait() first")
        return value

    @traitlets.observe("source")
    def _other_source(self, change: dict[str, Any]) -> None:
        """What is known of the last conversion is not about the new source."""
        with self._guard, self.hold_sync():
            self.set_trait("_folders", _folders())
            for name, value in (("progress", {}), ("error", None), ("result", None), ("viewer", None)):
                self.set_trait(name, value)
            self.set_trait("state", "idle")

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Takes what a browser has set; what cannot be, it is told back."""
        with self._guard:
            try:
                super().set_state(sync_data)
            except TraitError:
                self.send_state([name for name in sync_data if name in SETTABLE])

    def _handle_custom_msg(self, content: dict[str, Any], buffers: list[Any]) -> None:
        super()._handle_custom_msg(content, buffers)
        method, params = content.get("method"), content.get("params") or {}
        if method == "start":
            self._start_as_asked(params)
        elif method == "cancel":
            self.cancel()
        elif method == "inspect":
            _planners.submit(
                self._answer,
                content.get("id"),
                lambda: to_info(
                    ask(
                        "info",
                        params["source"],
                        None,
                        {name: getattr(self, name) for name in ("slices", "image", "z_axis", "palette", "orientation")},
                        "form",
                    )
                ),
            )
        elif method == "estimate":
            target, asked = params["options"].get("target"), _given(params["options"])
            _planners.submit(
                self._answer,
                content.get("id"),
                lambda: to_plan(ask("estimate", params["source"], target, asked, "form")),
            )

    def _start_as_asked(self, params: dict[str, Any]) -> None:
        """Starts with what stood in the form when its button was pressed: traits may change later than that is told."""
        with self._guard:
            if self.state == "running":  # pressed twice, or in two places
                return
            try:
                with self.hold_trait_notifications():
                    for name in ("target", *OPTION_NAMES):
                        if name in params:
                            setattr(self, name, params[name])
                self._start("form")
            except Exception as reason:
                self._end("failed", error=_failure(reason))

    def _answer(self, request: str, question: Callable[[], VolumeInfo | Plan]) -> None:
        try:
            self.send({"id": request, "result": asdict(question())})
        except Exception as reason:  # whatever it is, the form waits for an answer
            self.send({"id": request, "error": _failure(reason)})


def _as_trait(name: str, value: Any) -> Any:
    return as_trait(name, value) if name in OPTION_NAMES else value


def _failure(reason: Exception) -> dict[str, Any]:
    told = getattr(reason, "failure", None)
    if told:
        return told
    code, field = getattr(reason, "code", "internal"), getattr(reason, "field", None)
    return {"code": code, "message": str(reason), "field": field}


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """The options among the values that are not left to their defaults."""
    return {name: values[name] for name in OPTION_NAMES if values.get(name) not in (None, False)}


def _folders() -> dict[str, str]:
    return {"cwd": FilePath.cwd().as_posix(), "home": FilePath.home().as_posix()}
