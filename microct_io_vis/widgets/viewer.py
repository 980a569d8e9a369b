"""Neuroglancer in a notebook."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path as FilePath
from typing import Any

import traitlets
from traitlets import Dict, Int, List, Unicode

from ..options import ENDINGS
from ..types import StrPath
from .files import OmeZarrFiles
from .look import LookedAt, looked_at
from .module import BrowserWidget
from .paths import Source
from .view_state import Layout, StateError, check_state

Paths = StrPath | Sequence[StrPath]
Files = OmeZarrFiles | LookedAt

_readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="microct-io-vis-read")


class ViewerWidget(BrowserWidget):
    """Neuroglancer on an OME-Zarr, or on several that share a space, below the cell.

    The page takes the chunks from the Jupyter server's ``/files/`` when it finds this very volume there, and asks
    this Python for them otherwise (OME-Zarr 0.4, folders outside the server's root, a kernel on another machine).
    A kernel without subshells (ipykernel before 7) answers only between cells.

    Parameters
    ----------
    source : path-like or sequence of path-like
        The OME-Zarr, 0.1 to 0.6, or several that share a space: a layer each. A TIFF or a folder of slices is shown as
        it is, with nothing written: full resolution is exact, coarser levels are sampled. Set it to show another one.
    labels : path-like or sequence of path-like, optional
        OME-Zarrs of whole numbers that are laid over them as segments, also where they do not say that they are labels.
    state : dict, optional
        Neuroglancer's state, kept up to date in both directions: ``viewer.state["position"]`` is where the person is
        (x, y, z in voxels of level 0). What is set is laid over the present state, so that
        ``viewer.state = {"position": [64, 64, 100]}`` moves there and changes nothing else; a state that has been read
        from here, with its layers and dimensions, is whole and takes the present one's place. In it a layer's source is
        ``volume://NAME/``, wherever the page reads it from.
    height : int or str, optional
        In pixels, or as CSS has it.
    layout : ipywidgets.Layout or dict, optional
        As of every widget, and so are the next two.
    tooltip : str, optional
        Text that is shown over the widget.
    tabbable : bool, optional
        Whether the keyboard reaches the widget.

    Raises
    ------
    FileNotFoundError
        There is no such folder or file.
    ValueError
        It is no OME-Zarr image, and nothing that could be converted.
    traitlets.TraitError
        Neuroglancer cannot take that state; the message names the key.

    Examples
    --------
    >>> from microct_io_vis import ViewerWidget
    >>> viewer = ViewerWidget("bone.ome.zarr", state={"layout": "xy", "position": [10, 15, 6]})
    >>> viewer.state["position"]
    [10, 15, 6]
    """

    _model_name = Unicode("ViewerModel", read_only=True).tag(sync=True)
    _view_name = Unicode("ViewerView", read_only=True).tag(sync=True)
    _from_browser = BrowserWidget._from_browser | {"state"}

    source = Source(help="Path of the OME-Zarr, or a list of paths.").tag(sync=True)
    labels: List[str] = List(Unicode(), help="Paths of OME-Zarrs that are shown as segments over the others.").tag(
        sync=True
    )
    state = Dict(help="Neuroglancer's state.").tag(sync=True)
    #: Counts how often Python has set `state`. A page says with its state which of these it has seen.
    _asked = Int(0, read_only=True).tag(sync=True)
    height = Unicode("480px", help="Height of the viewer, as CSS has it.").tag(sync=True)
    #: Where a browser may look for each of the volumes, and how it knows it from others; changes with each (re)load.
    _places: List[dict[str, Any]] = List(read_only=True).tag(sync=True)

    def __init__(
        self,
        source: Paths,
        *,
        labels: Paths | None = None,
        state: Mapping[str, Any] | None = None,
        height: float | str | None = None,
        layout: Any = None,
        tooltip: str | None = None,
        tabbable: bool | None = None,
    ) -> None:
        if isinstance(height, (int, float)):
            height = f"{height}px"
        self._loads = 0
        self._checked: list[Files] = []
        self._taking: int | None = None
        given = {"state": state, "height": height, "layout": layout, "tooltip": tooltip, "tabbable": tabbable}
        over = [] if labels is None else [labels] if isinstance(labels, (str, os.PathLike)) else labels
        given["labels"] = [os.fspath(path) for path in over]
        super().__init__(source=source, **{name: value for name, value in given.items() if value is not None})

    def reload(self) -> None:
        """Shows the files as they are now, when the OME-Zarr has been written anew under its name."""
        self._open()

    def __repr__(self) -> str:
        return f"ViewerWidget({self.source!r})"

    @traitlets.validate("source")
    def _check_source(self, proposal: dict[str, Any]) -> str | list[str]:
        source: str | list[str] = proposal["value"]
        # Kept until they are opened: what is looked at has a helper of its own.
        self._checked = _files(source)
        return source

    @traitlets.validate("labels")
    def _check_labels(self, proposal: dict[str, Any]) -> list[str]:
        labels: list[str] = proposal["value"]
        _files(labels)
        return labels

    @traitlets.observe("labels")
    def _labels_changed(self, _: dict[str, Any]) -> None:
        self._open()

    @traitlets.observe("source")
    def _source_changed(self, change: dict[str, Any]) -> None:
        if change["old"]:
            self.state = {}
        self._open()

    @traitlets.validate("state")
    def _check_state(self, proposal: dict[str, Any]) -> dict[str, Any]:
        state: dict[str, Any] = proposal["value"]
        if self._taking == threading.get_ident() or not state:
            return state
        present = self.state.get("dimensions")
        try:
            return check_state(state, len(present) if present else _rank(_files(self.source)))
        except StateError as reason:
            raise traitlets.TraitError(f"state: {reason}") from None

    @traitlets.observe("state")
    def _state_changed(self, _: dict[str, Any]) -> None:
        if self._taking != threading.get_ident():
            self.set_trait("_asked", self._asked + 1)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Takes what a page sends, unless Python has asked for another state that the page had not seen yet."""
        if "state" in sync_data and sync_data.get("_asked") != self._asked:
            sync_data = {**sync_data, "state": self.state}
        self._taking = threading.get_ident()
        try:
            super().set_state(sync_data)
        finally:
            self._taking = None

    def _open(self) -> None:
        paths = [*_paths(self.source), *self.labels]
        self._volumes = _files(paths)
        self._checked = []
        self._loads += 1
        places = [_place(path, files, self._loads) for path, files in zip(paths, self._volumes, strict=True)]
        for place in places[len(places) - len(self.labels) :]:
            place["asLabels"] = True
        self.set_trait("_places", places)

    def _handle_custom_msg(self, content: dict[str, Any], buffers: list[Any]) -> None:
        super()._handle_custom_msg(content, buffers)
        if content.get("method") == "read":
            _readers.submit(self._answer, self._volumes, content["id"], content["params"])

    def _answer(self, volumes: list[Files], request: str, params: dict[str, Any]) -> None:
        """Answers as the helper's ``read`` does: the size, the offset, and the bytes as the message's one buffer."""
        where = self.source
        try:
            if params.get("load", self._loads) != self._loads:
                raise ValueError("the viewer has been given other files since")
            files = volumes[params.get("volume", 0)]
            where = files.root
            size, offset, data, version = files.read(params["key"], params.get("offset", 0), params.get("length"))
        except Exception as reason:  # whatever it is, somebody waits for an answer
            failure = {"code": "unreadable", "message": f"{where}: {reason}", "field": None}
            self.send({"id": request, "error": failure})
        else:
            self.send({"id": request, "result": {"size": size, "offset": offset, "version": version}}, buffers=[data])


def view(
    source: Paths, layout: Layout | None = None, height: float | str = 480, *, labels: Paths | None = None
) -> ViewerWidget:
    """Shows an OME-Zarr, or a TIFF as it is, in Neuroglancer below the cell, as the cell's last line or by ``display``.

    Parameters
    ----------
    source : path-like or sequence of path-like
        The OME-Zarr, 0.1 to 0.6, or several that share a space: a layer each. Of a
        collection, the path of an image. A TIFF or a folder of slices is shown as
        it is, with nothing written: full resolution is exact, coarser levels are sampled.
    layout : {'4panel', '4panel-alt', 'xy', 'yz', 'xz', 'xy-3d', 'yz-3d', 'xz-3d', '3d'}, optional
        Neuroglancer's. None: xy-3d.
    height : int or str, optional
        In pixels, or as CSS has it.
    labels : path-like or sequence of path-like, optional
        OME-Zarrs of whole numbers that are laid over them as segments, also where they do not say that they are labels.

    Returns
    -------
    ViewerWidget
        Its ``state`` says where the person is looking.

    Raises
    ------
    FileNotFoundError
        There is no such folder or file.
    ValueError
        It is no OME-Zarr image, and nothing that could be converted.

    Examples
    --------
    >>> from microct_io_vis import view
    >>> viewer = view("bone.ome.zarr", layout="xy")
    >>> viewer.state
    {'layout': 'xy'}
    """
    return ViewerWidget(source, labels=labels, state={"layout": layout} if layout else None, height=height)


def _paths(source: str | list[str]) -> list[str]:
    return source if isinstance(source, list) else [source]


def _files(source: str | list[str]) -> list[Files]:
    """The volumes, all of them, or one error that names each that is none."""
    volumes: list[Files] = []
    wrong = []
    for path in _paths(source):
        try:
            volumes.append(looked_at(path) if _is_source(path) else OmeZarrFiles(path))
        except (FileNotFoundError, ValueError) as reason:
            wrong.append(reason)
    if wrong:
        raise wrong[0] if len(wrong) == 1 else type(wrong[0])("\n".join(map(str, wrong)))
    return volumes


def _is_source(path: str) -> bool:
    """Whether a path is that of a file of voxels, or of a folder of slices, and of no OME-Zarr."""
    full = os.path.expanduser(path)
    if not os.path.isdir(full):
        return path.lower().endswith(ENDINGS)
    try:
        names = os.listdir(full)
    except OSError:
        return False
    is_marked = any(mark in names for mark in ("zarr.json", ".zattrs", ".zgroup"))
    return not is_marked and any(name.lower().endswith(ENDINGS) for name in names)


def _rank(volumes: list[Files]) -> int:
    """How many coordinates a position in these volumes has: channels are none."""
    return len({axis["name"] for files in volumes for axis in files.axes if axis.get("type") != "channel"})


def _place(source: str, files: Files, load: int) -> dict[str, Any]:
    """What a browser needs to find the volume under its server's root, and to be sure that it is the same."""
    root = files.root
    given = FilePath(os.path.abspath(os.path.expanduser(source)))
    place: dict[str, Any] = {
        "load": load,
        "paths": list(dict.fromkeys([given.as_posix(), root.as_posix()])),
        "home": FilePath.home().as_posix(),
        "metadata": files.metadata_key,
        "fromNotebook": None,
        "fingerprint": files.fingerprint(),
    }
    notebook = os.environ.get("JPY_SESSION_NAME")
    if notebook and os.path.isabs(notebook):
        try:
            folder = os.path.realpath(os.path.dirname(notebook))
            place["fromNotebook"] = FilePath(os.path.relpath(root, folder)).as_posix()
        except ValueError:  # another drive of Windows
            pass
    return place
