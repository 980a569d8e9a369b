"""Neuroglancer in a notebook."""

from __future__ import annotations

import base64
import math
import os
import queue
import sys
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any

import traitlets
from ipywidgets import HBox
from traitlets import Any as Any_
from traitlets import Dict, Instance, Int, List, Unicode

from ..arguments import naming_its_options, reading_in, shown_address, shown_source
from ..errors import shown_as_message
from ..extras import imported
from ..image_files import Files
from ..options import DescribedBy, Orientation, Palette, ZAxis
from ..stand_ins import hidden, whole
from ..types import Channels, Image, Integer, Sizes, Slices, StrPath
from ..volume import Volume, VolumeLevel
from . import film, measurements
from .alignment import Alignment, AlignmentKind, solve
from .arrays import ArrayFiles
from .layers import Layer
from .module import BrowserWidget, mistakes_as_messages
from .paths import Paths, Source
from .pick import Pick, pick_of
from .traits import Several
from .view_state import Layout, StateError, check_state
from .volume_files import files_of, is_gone, is_source, lengths_of, lies_at, place_of, rank_of
from .whole_files import whole_file

#: Sources of a viewer: a path, what `open` gives, an array, or one of these with how it looks.
Viewable = StrPath | Volume | VolumeLevel | Layer | Any

#: How a state knows a layer: its number among those that it was told of, and its path or name then.
Known = tuple[int, str]

#: Traits of a view that a page tells; Python may ask for another value of each.
_TOLD = frozenset({"state", "position", "selection", "_measurements", "_looks"})

#: Seconds that a page may take for a picture.
PATIENCE = 150

_readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="microct-io-vis-read")


class ViewerWidget(BrowserWidget):
    """Neuroglancer on an OME-Zarr, or on several that share a space, below the cell.

    The page takes the chunks from the Jupyter server's ``/files/`` when it finds this very volume there, and asks
    this Python for them otherwise (OME-Zarr 0.4, folders outside the server's root, a kernel on another machine).
    A kernel without subshells (ipykernel before 7) answers only between cells.

    Parameters
    ----------
    source : path-like, Volume, VolumeLevel, array or Layer, or a sequence of these
        The OME-Zarr, 0.1 to 0.6, or several that share a space: a layer each. A TIFF or a folder of slices is shown as
        it is, with nothing written: full resolution is exact, coarser levels are sampled; so is an array. Set it to
        show another one; if what was shown has been moved or renamed, set it to where that is now: the view stays.
    labels : the same, optional
        Whole numbers that are laid over them as segments, also where they do not say that they are labels.
    layers : sequence of Layer or of what ``source`` takes, optional
        What is laid over all these.
    state : dict, optional
        Neuroglancer's state, kept up to date in both directions: ``viewer.state["position"]`` is where the person is
        (x, y, z in voxels of level 0). What is set is laid over the present state, so that
        ``viewer.state = {"position": [64, 64, 100]}`` moves there and changes nothing else; a state that has been read
        from here, with its layers and dimensions, is whole and takes the present one's place. In it a layer's source is
        ``volume://NAME/``, wherever the page reads it from.
    height : int or str, optional
        In pixels, or as CSS has it.
    position : (float, float, float), optional
        Where is looked: a voxel of level 0 of the first volume along (Z, Y, X), whose centre is a whole number. Set it
        to look elsewhere. Python hears of it a moment after the person has moved; None before the picture is there, and
        of a volume that lies askew.
    selection : (int, int, int, int, int, int), optional
        The box that was drawn last, or else the part in sight: half-open ranges (z0, z1, y0, y1, x0, x1) of level 0,
        as ``volume.region(viewer.selection)`` and ``convert(..., roi=viewer.selection)`` take them. Set it, also to
        ``np.s_[z0:z1, y0:y1, x0:x1]``, and the box, which must lie in the volume, is drawn; None takes that box away.
    slices : str, (int, int), range or slice, optional
        Slices of a folder: a pattern of their names, such as 'rec_*.tif', or a range of their numbers, such as 100-899.
        Of (first, last) both are included. None: all.
    image : int or str, optional
        Which of several images of a file, by its name or its number from 0. None: the only one.
    described_by : {'auto', 'ome', 'imagej', 'tifffile', 'scifio', 'none'}, optional
        Whose description of a file is believed: auto takes OME-XML before ImageJ's before others. None: auto.
    z_axis : {'auto', 'c', 't', 'samples'}, optional
        What the slices are: auto, or what the source calls channels (c), time points (t) or samples of a pixel. None:
        auto.
    palette : {'apply', 'ignore'}, optional
        Of pixels that are indices into a palette (a lookup table): apply it, or ignore it and take what is stored.
        None: apply.
    orientation : {'ignore', 'apply'}, optional
        A TIFF's Orientation tag: ignore it, or apply it by flips of rows and columns. None: ignore.
    channel : int, sequence of int or 'all', optional
        Channels to convert, from 0; colours are samples of each pixel. Such as 0, [0, 2] or ``'all'``. None: the only
        one.
    voxel_size : float or (float, float, float), optional
        Voxel edge lengths, in place of what the source says. Along (Z, Y, X), in ``unit``, or one for all.
    unit : str, optional
        Unit of ``voxel_size``, such as micrometer, or none; without ``voxel_size``, the unit that the source's lengths
        are brought to.

    layout : ipywidgets.Layout or dict, optional
        As of every widget, and so are the next two.
    tooltip : str, optional
        Text that is shown over the widget.
    tabbable : bool, optional
        Whether the keyboard reaches the widget.

    Attributes
    ----------
    layers : tuple of Layer
        All that is shown, ``source`` first. ``viewer.layers[0].opacity = 0.4`` changes the picture, and what the person
        changes there is in the traits of the layers. Set it to show others at the same place.
    annotations : pandas.DataFrame or list of dict
        What was drawn and measured, a row each: ``id``, ``kind``, ``name``, ``points`` (voxels along (Z, Y, X); of an
        ellipsoid its centre and radii), ``length``, ``area``, ``volume`` and ``angle``, each with its ``..._unit``.
        Set it, to such a table, to what the viewer exports as JSON or CSV, or to records with ``kind`` and ``points``,
        and that is drawn in place of what was there.
    pick : Pick or None
        What is under the mouse, or was when it was last over the picture: ``position``, ``value``, ``label``,
        ``level``, ``values`` by layers. All four can be observed: ``viewer.observe(handler, "pick")``.

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
    _from_browser = BrowserWidget._from_browser | _TOLD | {"pick"}

    source = Source(help="Path of the OME-Zarr, or a list of paths.").tag(sync=True)
    labels = Paths(help="Paths of OME-Zarrs that are shown as segments over the others.").tag(sync=True)
    # An address in it is for the page itself to read.
    state = Dict(help="Neuroglancer's state.").tag(sync=True, to_json=lambda state, _: state)
    position = Several(None, allow_none=True, help="Where is looked: a voxel of level 0, (Z, Y, X).").tag(
        sync=True, from_json=lambda told, _: told and tuple(map(float, told))
    )
    selection = Several(
        None, allow_none=True, help="The box drawn last, or the part in sight: (z0, z1, y0, y1, x0, x1) of level 0."
    ).tag(sync=True)
    pick = Instance(Pick, allow_none=True, read_only=True, help="What is under the mouse.").tag(
        sync=True, from_json=pick_of, to_json=lambda *_: None
    )
    annotations = Any_(help="What was drawn and measured: a DataFrame, or records without pandas.")
    _looks: List[dict[str, Any]] = List(Dict(), read_only=True).tag(sync=True)
    #: Viewers with the same one, on a page, look at the same place.
    _link = Unicode(help="What links viewers.").tag(sync=True)
    _measurements: List[dict[str, Any]] = List(Dict(), read_only=True).tag(sync=True)
    #: Requests of Python to the pages, beside a state, until one has told what came of them.
    _wishes: Dict[str, Any] = Dict(read_only=True).tag(sync=True)
    #: Counts how often Python has asked for something. A page says with what it tells which of these it has seen.
    _asked = Int(0, read_only=True).tag(sync=True)
    height = Unicode("480px", help="Height of the viewer, as CSS has it.").tag(sync=True)
    #: Where a browser may look for each of the volumes, and how it knows it from others; changes with each (re)load.
    _places: List[dict[str, Any]] = List(read_only=True).tag(sync=True)

    @naming_its_options
    def __init__(
        self,
        source: Viewable | Sequence[Viewable],
        *,
        labels: Viewable | Sequence[Viewable] | None = None,
        layers: Sequence[Viewable] | None = None,
        state: Mapping[str, Any] | None = None,
        height: float | str | None = None,
        position: Sequence[float] | None = None,
        selection: Any = None,
        # The options of `view`; src/build/options.mjs writes them.
        slices: Slices | None = None,
        image: Image | None = None,
        described_by: DescribedBy | None = None,
        z_axis: ZAxis | None = None,
        palette: Palette | None = None,
        orientation: Orientation | None = None,
        channel: Channels | None = None,
        voxel_size: Sizes | None = None,
        unit: str | None = None,
        # End of the options.
        layout: Any = None,
        tooltip: str | None = None,
        tabbable: bool | None = None,
    ) -> None:
        reading = reading_in(locals())
        if isinstance(height, (int, float)):
            height = f"{height}px"
        self._loads = 0
        self._checked: list[Files] = []
        #: How the state knows layers, where these have been moved since a page told it.
        self._known: dict[Layer, Known] = {}
        self._taking: int | None = None
        self._tabulates = False
        #: Who waits for pictures, by their questions.
        self._awaited: dict[str, queue.SimpleQueue[bytes | str]] = {}
        self._picture: bytes | None = None
        given = {"state": state, "height": height, "layout": layout, "tooltip": tooltip, "tabbable": tabbable}
        self._over = _layers(labels, labels=True)
        self._more = _layers(layers)
        self._volumes: list[Files] = []
        #: Of the first volume, once they were asked for.
        self._lengths: dict[str, int] = {}
        with mistakes_as_messages():
            self._main = _layers(source, reading=reading)
            self._open()
        self._is_made = False
        shown = _paths_of(self._main, self._over)
        super().__init__(**shown, **{name: value for name, value in given.items() if value is not None})
        self._is_made = True
        # Pages count their views from now on.
        self._view_count = 0
        if position is not None:
            self.position = position
        if selection is not None:
            self.selection = selection

    def add(self, layer: Viewable) -> Layer:
        """Lays another volume, or an array, over those that are there.

        Parameters
        ----------
        layer : Layer, or what a Layer takes
            What is shown, and how it looks.

        Returns
        -------
        Layer
            The one that is there now, with traits to be changed.

        Raises
        ------
        FileNotFoundError
            There is no such folder or file.
        ValueError
            It cannot be shown.
        """
        (new,) = _layers(layer)
        count = len(self._volumes)
        with mistakes_as_messages():
            self._volumes = [*self._volumes, *self._opened([new], count)]
        self._more.append(new)
        self._listen()
        # In one message: no page may tell of wishes for a volume that it does not know yet.
        with self.hold_sync():
            self._ask("fresh", [*self._wishes.get("fresh", []), count])
            self._wish_looks([new], count)
            self.set_trait("_places", [*self._places, self._place(new, self._volumes[-1])])
        return new

    @naming_its_options
    def align(
        self,
        moving: int | str | Layer,
        points_fixed: Sequence[Sequence[float]],
        points_moving: Sequence[Sequence[float]],
        kind: AlignmentKind = "rigid",
    ) -> Alignment:
        """Lays a volume on the first one by points that are the same place in both, as the viewer's *Align* does.

        The picture and ``state`` follow, and the points are in its list. Nothing is written. Needs NumPy.

        Parameters
        ----------
        moving : int, str or Layer
            The volume that is moved: of ``layers``, its number or its name.
        points_fixed : sequence of (float, float, float)
            Voxels of level 0 of the first volume along (Z, Y, X).
        points_moving : sequence of (float, float, float)
            The same places in voxels of the volume that is moved, whose voxels may be larger or smaller.
        kind : {'rigid', 'similarity', 'affine'}, optional
            Turned and moved; scaled, too; or also sheared and stretched.

        Returns
        -------
        Alignment
            ``matrix``, 4 × 4, from places (Z, Y, X, 1) of the moving volume to those of the first one in ``unit``,
            ``residuals`` of the points, and their ``rms``.

        Raises
        ------
        ValueError
            The points are too few, lie on one line or in one plane, or the volumes' units are not the same.

        Examples
        --------
        >>> from microct_io_vis import view
        >>> viewer = view(["bone.ome.zarr", "bone.tif"])
        >>> found = viewer.align(1, [[0, 0, 0], [0, 9, 0], [0, 0, 9]], [[1, 0, 0], [1, 9, 0], [1, 0, 9]])
        >>> found.matrix[:3, 3].round(6).tolist(), round(found.rms, 6)
        ([-2.0, 0.0, 0.0], 0.0)
        """
        np = imported("numpy")
        try:
            number = self._number_of(moving)
            (scale, start, unit), (own, own_start, own_unit) = (self._lies_at(n) for n in (0, number))
            if set(unit.values()) != set(own_unit.values()) or len(set(unit.values())) > 1:
                raise ValueError(f"units: {unit} of the first volume, and {own_unit} of the one that is moved")
            if list(scale) != list(own):
                raise ValueError(f"axes: {', '.join(scale)} of the first volume, and {', '.join(own)} of the other")
            placed = []
            for name, points, steps, begin in (
                ("points_fixed", points_fixed, scale, start),
                ("points_moving", points_moving, own, own_start),
            ):
                voxels = np.asarray(points, dtype=float)
                if voxels.ndim != 2 or voxels.shape[1] != len(steps) or not np.isfinite(voxels).all():
                    raise ValueError(f"{name}: a list of voxels ({', '.join(steps)}) was expected")
                placed.append(voxels * list(steps.values()) + list(begin.values()))
            if len(placed[0]) != len(placed[1]):
                raise ValueError(f"points: {len(placed[0])} fixed, and {len(placed[1])} moving: they are pairs")
            matrix, residuals = solve(kind, placed[1], placed[0])
        except ValueError as mistake:
            raise shown_as_message(mistake) from None
        rank = len(scale)
        turned = matrix[:rank, :rank][::-1, ::-1]
        rows = np.column_stack([turned, matrix[:rank, rank][::-1]]).tolist()
        points = [np.asarray(each, dtype=float)[:, ::-1].tolist() for each in (points_fixed, points_moving)]
        said = next(iter(unit.values()), None)
        wish = {"matrix": rows, "unit": said, "fixed": points[0], "moving": points[1]}
        self._ask("alignments", {**self._wishes.get("alignments", {}), str(number): wish})
        return Alignment(matrix, residuals, said)

    def remove_alignment(self, moving: int | str | Layer) -> None:
        """Shows a volume where its metadata has it. The points stay in the viewer's list.

        Parameters
        ----------
        moving : int, str or Layer
            The volume that was moved: of ``layers``, its number or its name.

        Raises
        ------
        ValueError
            There is no such volume here.
        """
        try:
            number = self._number_of(moving)
        except ValueError as mistake:
            raise shown_as_message(mistake) from None
        self._ask("alignments", {**self._wishes.get("alignments", {}), str(number): {"matrix": None}})

    def _number_of(self, moving: int | str | Layer) -> int:
        """The number of a volume that can be moved."""
        found = [n for n, layer in enumerate(self.layers) if moving in (n, layer.name) or moving is layer]
        if not found or found[0] == 0:
            names = ", ".join(repr(layer.name) for layer in self.layers[1:]) or "none: lay one over the first"
            raise ValueError(f"moving: {moving!r}, and what can be moved here is {names}")
        return found[0]

    def _lies_at(self, number: int) -> tuple[dict[str, float], dict[str, float], dict[str, str | None]]:
        """Scale, translation and unit of a volume along its axes of space, in the order z, y, x."""
        layer, files = self.layers[number], self._volumes[number]
        level = layer.source.number if isinstance(layer.source, VolumeLevel) else 0
        scale, start, units = lies_at(layer, files, None if isinstance(files, ArrayFiles) else level)
        axes = [axis for axis in "zyx" if axis in scale]
        if not axes:
            raise ValueError(f"{layer.name}: it lies askew, or does not say where")
        return ({axis: each[axis] for axis in axes} for each in (scale, start, units))  # type: ignore[return-value]

    def snapshot(self) -> bytes:
        """Takes a picture of what is on the screen, without the bars around it.

        It is also what is shown beside the viewer when it is displayed the next time, where there are no widgets. A
        notebook that JupyterLab saves has one of each of its viewers anyway.

        Returns
        -------
        bytes
            A PNG.

        Raises
        ------
        RuntimeError
            No page shows the viewer, or it does not answer.
        """
        self._picture = self._photograph({})
        return self._picture

    @naming_its_options
    def screenshot(
        self, path: StrPath, size: tuple[Integer, Integer] = (2400, 1800), *, scale_bar: bool = True
    ) -> FilePath:
        """Takes a picture in a size of its own and writes it as PNG, when all of it has been read.

        What is in sight on the screen is in sight in it, in as many voxels as its size can show.

        Parameters
        ----------
        path : path-like
            Of the file, which may be there already.
        size : (int, int), optional
            Width and height in pixels.
        scale_bar : bool, optional
            Whether scale bars are drawn.

        Returns
        -------
        pathlib.Path
            Absolute path of the file.

        Raises
        ------
        RuntimeError
            No page shows the viewer, something could not be read, or there is no answer.
        OSError
            The file cannot be written; one that was there stays.
        ValueError
            There are no pictures of such a size.
        """
        target = FilePath(os.path.abspath(os.path.expanduser(path)))
        wanted = {"size": _size(size), "state": {"showScaleBar": bool(scale_bar)}}
        with whole_file(target, "picture") as unfinished:
            unfinished.write_bytes(self._photograph(wanted))
        return target

    @naming_its_options
    def movie(
        self,
        path: StrPath,
        *,
        key_frames: Sequence[Mapping[str, Any]] | None = None,
        seconds: float = 8,
        rate: float = 25,
        size: tuple[Integer, Integer] = (1280, 960),
        scale_bar: bool = False,
    ) -> FilePath:
        """Films one turn of the volume in 3-D, or the way from view to view, as MP4. Needs imageio-ffmpeg.

        Parameters
        ----------
        path : path-like
            Of the file, which may be there already.
        key_frames : sequence of dict, optional
            Two views or more, as `state` has them: place, zoom and orientation lead from one to the next. None: one
            turn in 3-D about the y axis, of the volume alone where it is drawn as such, of the slices otherwise.
        seconds : float, optional
            How long it is.
        rate : float, optional
            Pictures a second.
        size : (int, int), optional
            Width and height in pixels, even numbers.
        scale_bar : bool, optional
            Whether scale bars are drawn.

        Returns
        -------
        pathlib.Path
            Absolute path of the file.

        Raises
        ------
        ImportError
            imageio-ffmpeg is not there.
        RuntimeError
            No page shows the viewer, something could not be read, or there is no answer.
        OSError
            The file cannot be written; one that was there stays.
        ValueError
            There are no films of such a size or length.
        """
        width, height = _size(size)
        count = round(seconds * rate)
        if width % 2 or height % 2:
            raise shown_as_message(ValueError(f"size: {size!r}, and the pictures of films have even lengths"))
        if count < 1 or (key_frames is not None and len(key_frames) < 2):
            raise shown_as_message(ValueError("movie: at least one picture, and two key_frames, are needed"))
        target = FilePath(os.path.abspath(os.path.expanduser(path)))
        if key_frames is None:
            orientation = self.state.get("projectionOrientation", [0, 0, 0, 1])
            layout = self.state.get("layout", "xy-3d")
            if any(layer.get("volumeRendering", "off") != "off" for layer in self.state.get("layers", [])):
                layout = "3d"
            elif layout in ("xy", "xz", "yz"):
                layout = f"{layout}-3d"
            states: Iterator[dict[str, Any]] = ({"layout": layout, **each} for each in film.turned(count, orientation))
        else:
            states = film.between(key_frames, count)
        shown = {"showScaleBar": bool(scale_bar)}
        frames = (self._photograph({"size": [width, height], "state": {**state, **shown}}) for state in states)
        film.write_film(target, frames, rate)
        return target

    def _photograph(self, params: dict[str, Any]) -> bytes:
        """A PNG from a page that shows the viewer."""
        if not self._view_count:
            raise shown_as_message(RuntimeError(f"{self!r}: no page shows it: display it, in a cell before this one"))
        request = uuid.uuid4().hex
        answer: queue.SimpleQueue[bytes | str] = queue.SimpleQueue()
        self._awaited[request] = answer
        try:
            self.send({"method": "picture", "id": request, "params": params})
            try:
                found = answer.get(timeout=PATIENCE)
            except queue.Empty:
                what = "no page has answered: bring the viewer into sight"
                old = "" if hasattr(self.comm, "_reply_subshell_for") else ", and use ipykernel 7 or later"
                raise RuntimeError(f"{self!r}: {what}{old}, and try again") from None
        except RuntimeError as mistake:
            raise shown_as_message(mistake) from None
        finally:
            del self._awaited[request]
        if isinstance(found, str):
            raise shown_as_message(RuntimeError(f"{self!r}: {found}"))
        return found

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = super()._repr_mimebundle_(**options)
        if self._picture is not None:
            bundle["image/png"] = base64.b64encode(self._picture).decode()
        return bundle

    def reload(self) -> None:
        """Shows the files as they are now, when the OME-Zarr has been written anew under its name."""
        self._open()

    def __repr__(self) -> str:
        return f"ViewerWidget({shown_source(self.source)!r})"

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All that is shown, ``source`` first."""
        return (*self._main, *self._over, *self._more)

    @layers.setter
    def layers(self, layers: Viewable | Sequence[Viewable]) -> None:
        with mistakes_as_messages():
            shown = _layers(layers)
            if not shown:
                raise ValueError("layers: none, where at least one was expected: the first is what the others lie over")
            given = layers if isinstance(layers, (list, tuple)) else [layers]
            paths = [layer.path for layer in shown]
            readings = self._readings_at(paths, self.layers)
            are_known = all(
                each is layer or (new.path and not isinstance(each, Layer))
                for each, new, layer in zip(given, shown, self.layers, strict=False)
            )
            if readings is not None and are_known and paths != [layer.path for layer in self.layers]:
                self._go_on_at(paths, self.layers, readings, {})
                return
            self._show(shown[:1], [], shown[1:], {})

    def _show(self, main: list[Layer], over: list[Layer], more: list[Layer], left: Mapping[Layer, Files]) -> None:
        """Shows other layers at the same place; those that were there before stay as they are."""
        before = self._main, self._over, self._more, self._known
        first = self.layers[0]
        aligned = {self.layers[int(number)]: wish for number, wish in self._wishes.get("alignments", {}).items()}
        fresh = {self.layers[number] for number in self._wishes.get("fresh", [])}
        known = {layer: each for layer, each in self._in_state().items() if layer not in fresh}
        self._main, self._over, self._more = main, over, more
        self._known = {layer: each for layer, each in known.items() if layer in self.layers}
        removed = [each for layer, each in known.items() if layer not in self.layers]
        # In one message.
        with self.hold_sync():
            try:
                self._open(left)
            except BaseException:
                self._main, self._over, self._more, self._known = before
                raise
            self._say_paths()
            layers = self.layers
            self._ask("fresh", [number for number, layer in enumerate(layers) if layer not in known])
            self._ask("removed", [*self._wishes.get("removed", []), *removed])
            # Wishes go by numbers, which are others now.
            self._ask("looks", {str(number): layer.looks() for number, layer in enumerate(layers) if layer.looks()})
            self._ask("alignments", {str(layers.index(layer)): aligned[layer] for layer in aligned if layer in layers})
            if self._measurements and layers[0] is not first:
                self._ask("measurements", self._measurements)

    def _in_state(self) -> dict[Layer, Known]:
        """How the state knows layers."""
        if self._known:
            return self._known
        names = [place.get("name", place["paths"][0]) for place in self._places]
        return dict(zip(self.layers, enumerate(names), strict=True))

    def _say_paths(self) -> None:
        """Has the traits say which files are shown."""
        self._is_made = False
        try:
            for name, value in _paths_of(self._main, self._over).items():
                setattr(self, name, value)
        finally:
            self._is_made = True

    @traitlets.validate("source")
    def _check_source(self, proposal: dict[str, Any]) -> str | list[str]:
        source: str | list[str] = proposal["value"]
        if self._is_made:
            paths = _paths(source)
            # Kept until they are opened: what is looked at has a helper of its own.
            self._checked = files_of(paths, self._readings_at(paths, self._main))
        return source

    @traitlets.validate("labels")
    def _check_labels(self, proposal: dict[str, Any]) -> list[str]:
        labels: list[str] = proposal["value"]
        if self._is_made:
            files_of(labels)
        return labels

    @traitlets.observe("labels")
    def _labels_changed(self, change: dict[str, Any]) -> None:
        if self._is_made:
            left = self._left(self._main, self._more)
            with self._or_as_before(change):
                readings = self._readings_at(self.labels, self._over)
                if readings is not None:
                    self._go_on_at(self.labels, self._over, readings, left)
                    return
                known = {layer.path: layer for layer in self._over}
                over = [known[path] if path in known else Layer(path, labels=True) for path in self.labels]
                self._show(self._main, over, self._more, left)

    @traitlets.observe("source")
    def _source_changed(self, change: dict[str, Any]) -> None:
        if not self._is_made:
            return
        paths, main = _paths(self.source), self._main
        readings = self._readings_at(paths, self._main)
        left = self._left(self._over, self._more)
        with self._or_as_before(change):
            if readings is not None:
                self._go_on_at(paths, self._main, readings, left)
                return
            try:
                self._main = _layers(self.source)
                volumes = self._opened(self.layers, 0, left)
            except BaseException:
                self._main = main
                raise
        self._known = {}
        self.state = {}
        for name in ("position", "selection"):
            self._forget(name)
        self.set_trait("_measurements", [])
        self.set_trait("_wishes", {})
        self._tell(volumes)

    def _readings_at(self, paths: Sequence[str], layers: Sequence[Layer]) -> list[dict[str, Any]] | None:
        """How the volumes of layers are read where they have been moved to; None where these are others."""
        if len(paths) != len(layers):
            return None
        opened = self._left(list(layers))
        moves = [(path, layer, opened[layer]) for path, layer in zip(paths, layers, strict=True)]
        if not all(path == layer.path or is_gone(files) for path, layer, files in moves):
            return None
        # A TIFF in whose place there is its OME-Zarr is read without options.
        return [layer.reading if path == layer.path or is_source(path) else {} for path, layer, _ in moves]

    def _go_on_at(
        self,
        paths: Sequence[str],
        layers: Sequence[Layer],
        readings: list[dict[str, Any]],
        left: Mapping[Layer, Files],
    ) -> None:
        """Shows the volumes of layers, which have been moved, where they are now, in the same view."""
        before = [(layer, layer.source, layer.name, layer.reading) for layer in layers]
        known = self._known
        self._known = self._in_state()
        with self.hold_sync():
            try:
                for path, layer, reading in zip(paths, layers, readings, strict=True):
                    if path != layer.path:
                        layer.move_to(path, reading)
                self._open(left)
                self._say_paths()
            except BaseException:
                self._known = known
                for layer, source, name, reading in before:
                    layer.source, layer.name, layer.reading = source, name, reading
                raise
            # What a page tells from now on has the new names.
            self.set_trait("_asked", self._asked + 1)

    @contextmanager
    def _or_as_before(self, change: dict[str, Any]) -> Iterator[None]:
        """Has a trait say what is shown, where what it was set to cannot be."""
        try:
            yield
        except BaseException:
            self._is_made = False
            try:
                setattr(self, change["name"], change["old"])
            finally:
                self._is_made = True
            raise

    def _left(self, *layers: list[Layer]) -> dict[Layer, Files]:
        """The files of layers that stay: where these are gone, they do not keep others from being shown."""
        opened = dict(zip(self.layers, self._volumes, strict=True))
        return {layer: opened[layer] for each in layers for layer in each}

    @traitlets.observe("_looks")
    def _looks_told(self, change: dict[str, Any]) -> None:
        for layer, looks in zip(self.layers, change["new"], strict=False):
            layer.tell(looks)

    @traitlets.validate("state")
    def _check_state(self, proposal: dict[str, Any]) -> dict[str, Any]:
        state: dict[str, Any] = proposal["value"]
        if self._is_told or not state:
            return state
        present = self.state.get("dimensions")
        try:
            return check_state(state, len(present) if present else rank_of(self._volumes[: len(self._main)]))
        except StateError as reason:
            raise traitlets.TraitError(f"state: {reason}") from None

    @traitlets.observe("state")
    def _state_changed(self, change: dict[str, Any]) -> None:
        if self._is_told:
            return
        if "position" in change["new"]:
            self._forget("position")
        self.set_trait("_asked", self._asked + 1)

    @traitlets.validate("position")
    def _check_position(self, proposal: dict[str, Any]) -> tuple[float, ...] | None:
        position = proposal["value"]
        if position is None:
            return None
        numbers = tuple(float(value) for value in position)
        if self._is_told:
            return numbers
        if len(numbers) != len(self._space) or not all(map(math.isfinite, numbers)):
            raise traitlets.TraitError(
                f"position: {position!r}, where {len(self._space)} numbers were expected ({', '.join(self._space)})"
            )
        return numbers

    @traitlets.validate("selection")
    def _check_selection(self, proposal: dict[str, Any]) -> tuple[int, ...] | None:
        selection = proposal["value"]
        if selection is None or self._is_told:
            return selection and tuple(selection)
        parts = [part.indices(sys.maxsize)[:2] if isinstance(part, slice) else part for part in selection]
        flat = [each for part in parts for each in (part if isinstance(part, Iterable) else [part])]
        ends = list(zip(flat[::2], flat[1::2], strict=False))
        if (
            len(flat) != 2 * len(self._space)
            or not all(hasattr(each, "__index__") for each in flat)
            or not all(0 <= start < stop < sys.maxsize for start, stop in ends)
        ):
            what = "a range of voxels along each of " + ", ".join(self._space)
            raise traitlets.TraitError(
                f"selection: {selection!r}, where {what} was expected, such as np.s_[0:9, 0:9, 0:9]"
            )
        self._lengths = self._lengths or lengths_of(self._volumes[0])
        for axis, (_, stop) in zip(self._space, ends, strict=True):
            if stop > self._lengths.get(axis, stop):
                raise traitlets.TraitError(
                    f"selection: {selection!r} ends at {stop} along {axis}, where at most {self._lengths[axis]} was "
                    "expected: as many voxels as the first volume has"
                )
        return tuple(each.__index__() for each in flat)

    @traitlets.observe("position", "selection")
    def _wish(self, change: dict[str, Any]) -> None:
        if not self._is_told:
            self._ask(change["name"], change["new"] and list(change["new"]))

    @traitlets.default("annotations")
    def _no_annotations(self) -> Any:
        return measurements.table(self._measurements)

    @traitlets.validate("annotations")
    def _check_annotations(self, proposal: dict[str, Any]) -> Any:
        if self._tabulates:
            return proposal["value"]
        try:
            records = measurements.records_of(proposal["value"], self._space)
        except ValueError as reason:
            raise traitlets.TraitError(str(reason)) from None
        self._ask("measurements", records)
        return measurements.table(records)

    @traitlets.observe("_measurements")
    def _measured(self, change: dict[str, Any]) -> None:
        self._tabulates = True
        try:
            self.annotations = measurements.table(change["new"])
        finally:
            self._tabulates = False

    @property
    def _space(self) -> str:
        """The axes of space of the first volume in the order of positions."""
        axes = [axis["name"] for axis in self._volumes[0].axes]
        return "".join(name for name in "zyx" if name in axes) or "zyx"

    @property
    def _is_told(self) -> bool:
        """Whether what is being set is what a page has told."""
        return self._taking == threading.get_ident()

    def _ask(self, name: str, value: Any) -> None:
        self.set_trait("_wishes", {**self._wishes, name: value})
        self.set_trait("_asked", self._asked + 1)

    def _forget(self, name: str) -> None:
        """Drops a value that is no longer known, until a page tells it."""
        self._taking, before = threading.get_ident(), self._taking
        try:
            self.set_trait(name, None)
        finally:
            self._taking = before
        self.set_trait("_wishes", {key: value for key, value in self._wishes.items() if key != name})

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Takes what a page tells, unless Python has asked for something else that the page had not seen yet."""
        told = _TOLD & sync_data.keys()
        is_seen = sync_data.get("_asked") == self._asked
        if told and not is_seen:
            sync_data = {**sync_data, **{name: getattr(self, name) for name in told}}
        self._taking = threading.get_ident()
        try:
            super().set_state(sync_data)
        finally:
            self._taking = None
        if told and is_seen and self._wishes:
            self.set_trait("_wishes", {})
        if "state" in told and is_seen and self._known:
            self._known = {}
            places = [{key: place[key] for key in place if key != "before"} for place in self._places]
            self.set_trait("_places", places)

    def _open(self, left: Mapping[Layer, Files] | None = None) -> None:
        self._tell(self._opened(self.layers, 0, left))

    def _tell(self, volumes: list[Files]) -> None:
        """Has the pages show the layers, of which these are the files."""
        layers = self.layers
        self._volumes = volumes
        self._lengths = {}
        self._checked = []
        self._loads += 1
        self._listen()
        self.set_trait(
            "_places", [self._place(layer, files) for layer, files in zip(layers, self._volumes, strict=True)]
        )
        self._wish_looks(layers, 0)

    def _opened(self, layers: Sequence[Layer], count: int, left: Mapping[Layer, Files] | None = None) -> list[Files]:
        """The files of layers, of which ``count`` come before, or one error that names each that cannot be shown.

        ``left``: files that may be gone; the page says so of them.
        """
        found: list[Files] = []
        wrong: list[Exception] = []
        for n, layer in enumerate(layers, count):
            before = left.get(layer) if left else None
            # An array lies where the first volume does.
            if before and is_gone(found[0] if found and isinstance(before, ArrayFiles) else before):
                found.append(before)
                continue
            if wrong and layer.is_array:
                continue
            try:
                first = (lambda *where: lies_at(self.layers[0], self._volumes[0], *where)) if n else None
                if n and count == 0:
                    first = lambda *where: lies_at(layers[0], found[0], *where)  # noqa: E731
                files = layer.files(first)
                found.append(files_of([layer.path], [layer.reading])[0] if files is None else files)
            except (FileNotFoundError, ValueError) as reason:
                wrong.append(reason)
        if wrong:
            raise wrong[0] if len(wrong) == 1 else type(wrong[0])("\n".join(map(str, wrong)))
        return found

    def _place(self, layer: Layer, files: Files) -> dict[str, Any]:
        place = place_of(layer.path, files, self._loads)
        if layer.labels:
            place["asLabels"] = True
        if layer.is_array or layer.name != layer._own_name():
            place["name"] = layer.name
        if layer in self._known:
            place["before"] = self._known[layer]
        return place

    def _listen(self) -> None:
        for layer in self.layers:
            layer._on_wish = self._layer_wishes

    def _layer_wishes(self, layer: Layer, name: str, value: Any) -> None:
        if layer not in self.layers:
            return  # It has been shown here, and is not any more.
        number = self.layers.index(layer)
        looks = self._wishes.get("looks", {})
        self._ask("looks", {**looks, str(number): {**looks.get(str(number), {}), name: value}})

    def _wish_looks(self, layers: Sequence[Layer], count: int) -> None:
        looks = {str(n): layer.looks() for n, layer in enumerate(layers, count) if layer.looks()}
        if looks:
            self._ask("looks", {**self._wishes.get("looks", {}), **looks})

    def _handle_custom_msg(self, content: dict[str, Any], buffers: list[Any]) -> None:
        content = whole(content)
        super()._handle_custom_msg(content, buffers)
        if content.get("method") == "answer" and content.get("id") in self._awaited:
            self._awaited[content["id"]].put(content["error"] if "error" in content else bytes(buffers[0]))
        if content.get("method") == "read":
            _readers.submit(self._answer, self._volumes, content["id"], content["params"])

    def _answer(self, volumes: list[Files], request: str, params: dict[str, Any]) -> None:
        """Answers with bytes of one of the volumes, where they are still those that are shown."""
        where = self.source
        try:
            if params.get("load", self._loads) != self._loads:
                raise ValueError("the viewer has been given other files since")
            files = volumes[params.get("volume", 0)]
            where = files.root
            self._send_part(request, files, params)
        except Exception as reason:  # whatever it is, somebody waits for an answer
            name, said = shown_address(str(hidden(where))), str(reason)
            failure = {"code": "unreadable", "message": said if name in said else f"{name}: {said}", "field": None}
            self.send({"id": request, "error": failure})

    def __add__(self, other: ViewerWidget) -> HBox:
        """Both side by side, looking at the same place."""
        if isinstance(other, ViewerWidget):
            return link(self, other)
        what = f"viewer + {other!r}: two viewers are linked, such as view('a.tif') + view('b.tif')"
        raise shown_as_message(TypeError(what))


def link(a: ViewerWidget, b: ViewerWidget) -> HBox:
    """Shows two viewers side by side, each looking where the person makes the other look; ``a + b`` does the same.

    Parameters
    ----------
    a : ViewerWidget
        The one on the left. If it is linked already, the other joins those.
    b : ViewerWidget
        The one on the right. Place, zoom and orientation are linked in lengths: its voxels may be others.

    Returns
    -------
    ipywidgets.HBox
        To be shown as a cell's last line.

    Raises
    ------
    ValueError
        One of them is no viewer.

    Examples
    --------
    >>> from microct_io_vis import link, view
    >>> pair = link(view("bone.ome.zarr"), view("bone.tif"))
    >>> len(pair.children)
    2
    """
    if not isinstance(a, ViewerWidget) or not isinstance(b, ViewerWidget):
        raise shown_as_message(ValueError("link: two viewers are linked, such as link(view('a.tif'), view('b.tif'))"))
    group = a._link or b._link or uuid.uuid4().hex
    for viewer in (a, b):
        viewer._link = group
        viewer.layout.flex = "1 1 0"
        viewer.layout.min_width = "0"
    return HBox([a, b])


@naming_its_options
def view(
    source: Viewable | Sequence[Viewable],
    layout: Layout | None = None,
    height: float | str = 480,
    *,
    labels: Viewable | Sequence[Viewable] | None = None,
    layers: Sequence[Viewable] | None = None,
    # The options of `view`; src/build/options.mjs writes them.
    slices: Slices | None = None,
    image: Image | None = None,
    described_by: DescribedBy | None = None,
    z_axis: ZAxis | None = None,
    palette: Palette | None = None,
    orientation: Orientation | None = None,
    channel: Channels | None = None,
    voxel_size: Sizes | None = None,
    unit: str | None = None,
    # End of the options.
) -> ViewerWidget:
    """Shows an OME-Zarr, a TIFF or an array in Neuroglancer below the cell, as the cell's last line or by ``display``.

    Parameters
    ----------
    source : path-like, Volume, VolumeLevel, array or Layer, or a sequence of these
        The OME-Zarr, 0.1 to 0.6, or several that share a space: a layer each. Of a collection of images, as
        bioformats2raw makes it, the ``image`` is chosen by its number or its name; without it the error names them all.
        An address (https://... or s3://...) is read by the helper. A TIFF or a folder of slices is shown as it is, with
        nothing written: full resolution is exact, coarser levels are sampled; so is an array. How they are read is
        chosen as `convert` has it.
    layout : {'4panel', '4panel-alt', 'xy', 'yz', 'xz', 'xy-3d', 'yz-3d', 'xz-3d', '3d'}, optional
        Neuroglancer's. None: xy-3d.
    height : int or str, optional
        In pixels, or as CSS has it.
    labels : the same as ``source``, optional
        Whole numbers that are laid over them as segments, also where they do not say that they are labels.
    layers : sequence of Layer or of what ``source`` takes, optional
        What is laid over all these.
    slices : str, (int, int), range or slice, optional
        Slices of a folder: a pattern of their names, such as 'rec_*.tif', or a range of their numbers, such as 100-899.
        Of (first, last) both are included. None: all.
    image : int or str, optional
        Which of several images of a file, by its name or its number from 0. None: the only one.
    described_by : {'auto', 'ome', 'imagej', 'tifffile', 'scifio', 'none'}, optional
        Whose description of a file is believed: auto takes OME-XML before ImageJ's before others. None: auto.
    z_axis : {'auto', 'c', 't', 'samples'}, optional
        What the slices are: auto, or what the source calls channels (c), time points (t) or samples of a pixel. None:
        auto.
    palette : {'apply', 'ignore'}, optional
        Of pixels that are indices into a palette (a lookup table): apply it, or ignore it and take what is stored.
        None: apply.
    orientation : {'ignore', 'apply'}, optional
        A TIFF's Orientation tag: ignore it, or apply it by flips of rows and columns. None: ignore.
    channel : int, sequence of int or 'all', optional
        Channels to convert, from 0; colours are samples of each pixel. Such as 0, [0, 2] or ``'all'``. None: the only
        one.
    voxel_size : float or (float, float, float), optional
        Voxel edge lengths, in place of what the source says. Along (Z, Y, X), in ``unit``, or one for all.
    unit : str, optional
        Unit of ``voxel_size``, such as micrometer, or none; without ``voxel_size``, the unit that the source's lengths
        are brought to.

    Returns
    -------
    ViewerWidget
        Its ``position``, ``selection``, ``pick``, ``annotations`` and ``state`` say what the person looks at and does.

    Raises
    ------
    FileNotFoundError
        There is no such folder or file.
    ValueError
        It is no OME-Zarr image, and nothing that could be converted; or an array cannot be shown; or it is a
        collection, and no image of it is chosen.

    Examples
    --------
    >>> from microct_io_vis import view
    >>> viewer = view("bone.ome.zarr", layout="xy")
    >>> viewer.state
    {'layout': 'xy'}
    """
    reading = reading_in(locals())
    if source is None or (isinstance(source, (list, tuple)) and not source):
        expected = "a path, a Volume, an array, or a list of these"
        raise shown_as_message(ValueError(f"source: {source!r}, where {expected} was expected"))
    state = {"layout": layout} if layout else None
    return ViewerWidget(source, labels=labels, layers=layers, state=state, height=height, **reading)


def _size(size: Sequence[Integer]) -> list[int]:
    try:
        width, height = (each.__index__() for each in size)
    except (AttributeError, TypeError, ValueError):
        width = height = 0
    if not (0 < width <= 16384 and 0 < height <= 16384):
        what = "width and height were expected, in pixels, up to 16384"
        raise shown_as_message(ValueError(f"size: {size!r}, where {what}"))
    return [width, height]


def _layers(given: Any, labels: bool = False, reading: dict[str, Any] | None = None) -> list[Layer]:
    """Layers of what is to be shown: one, or a list. ``reading``: how sources are read."""
    if given is None:
        return []
    if not isinstance(given, (list, tuple)):
        given = [given]
    layers = [each if isinstance(each, Layer) else Layer(each, labels=labels) for each in given]
    if reading:
        for layer in layers:
            layer.read_as(reading)
    return layers


def _paths_of(main: list[Layer], over: list[Layer]) -> dict[str, Any]:
    """The traits that say which files are shown."""
    paths, labels = ([layer.path for layer in each if layer.path] for each in (main, over))
    return {"source": paths if len(paths) > 1 or not main else "".join(paths), "labels": labels}


def _paths(source: str | list[str]) -> list[str]:
    return source if isinstance(source, list) else [source]
