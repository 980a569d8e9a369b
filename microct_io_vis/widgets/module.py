"""The browser module of the widgets: part of this package's JupyterLab extension."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets
from traitlets import HasTraits, TraitError, Unicode, observe

from ..errors import shown_as_message
from ..image_files import Files
from ..stand_ins import hidden, whole

MODULE = "microct-io-vis"
#: The range of versions of the browser part that these Python classes can talk to.
MODULE_VERSION = "^0.1.0"


@contextmanager
def mistakes_as_messages() -> Iterator[None]:
    """Lets IPython show the message alone of what was mistyped, and not fifty lines of traitlets."""
    try:
        yield
    except (OSError, ValueError, TypeError, TraitError) as mistake:
        shown_as_message(mistake)
        raise


class Mistakable(HasTraits):
    """What a person sets traits of, and sees the message alone where a value cannot be meant."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not self.has_trait(name):
            super().__setattr__(name, value)
            return
        with mistakes_as_messages():
            super().__setattr__(name, value)


class BrowserWidget(Mistakable, ipywidgets.DOMWidget):  # type: ignore[misc]  # ipywidgets has no types
    """A widget whose model and view are in this package's JupyterLab extension."""

    _model_module = Unicode(MODULE, read_only=True).tag(sync=True)
    _model_module_version = Unicode(MODULE_VERSION, read_only=True).tag(sync=True)
    _view_module = Unicode(MODULE, read_only=True).tag(sync=True)
    _view_module_version = Unicode(MODULE_VERSION, read_only=True).tag(sync=True)

    #: The synced traits that a browser may set; whatever else it sends is not taken.
    _from_browser: frozenset[str] = frozenset({"layout", "tabbable", "tooltip", "_view_count"})

    def __init__(self, **traits: Any) -> None:
        with mistakes_as_messages():
            super().__init__(**traits)

    # What the page has of an address is saved with the notebook: it is told what stands for it, and tells that.
    @staticmethod
    def _trait_to_json(value: Any, _: Any) -> Any:
        return hidden(value)

    @staticmethod
    def _trait_from_json(value: Any, _: Any) -> Any:
        return whole(value)

    def send(self, content: Any, buffers: Any = None) -> None:
        super().send(hidden(content), buffers)

    def _send_part(self, request: str, files: Files, params: dict[str, Any]) -> None:
        """Answers with bytes of a file as the helper's ``read`` does: these are the message's one buffer."""
        size, offset, data, version = files.read(params["key"], params.get("offset", 0), params.get("length"))
        self.send({"id": request, "result": {"size": size, "offset": offset, "version": version}}, buffers=[data])

    @observe("comm")
    def _answer_while_a_cell_runs(self, change: dict[str, Any]) -> None:
        """Keeps messages where JupyterLab sends them: in a subshell, which takes them while the main shell runs a cell.

        ipykernel 7.4 hands them on to the shell that used the comm last, which is mostly the busy one.
        """
        comm = change["new"]
        if not hasattr(comm, "_reply_subshell_for"):
            return
        comm._reply_subshell_for = None
        handle = comm.handle_msg

        def handle_msg(message: dict[str, Any]) -> None:
            if threading.current_thread() is threading.main_thread():
                handle(message)
            else:
                # Without IPython's events, by which Matplotlib draws: what the cell that runs has begun is half made.
                self._handle_msg(message)

        comm.handle_msg = handle_msg

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Takes of what a browser has set that which it may set."""
        super().set_state({name: value for name, value in sync_data.items() if name in self._from_browser})
