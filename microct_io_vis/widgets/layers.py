"""Layers of a viewer, which lie over one another, and how they look."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, get_args

import traitlets
from traitlets import Bool, Enum, Float, TraitError, Unicode

from ..arguments import is_address, naming_its_options, shown_address, source_name
from ..collection import image_path
from ..errors import shown_as_message
from ..geometry import geometry_of
from ..types import Integer, Ranges, StrPath
from ..volume import Volume, VolumeLevel, reading_of
from ..volume import open as open_volume
from .arrays import ArrayFiles, LevelFiles
from .module import Mistakable
from .traits import Several

Blend: TypeAlias = Literal["over", "add"]
ColourMap: TypeAlias = Literal["grey", "colour", "viridis", "magma", "fire", "labels"]

#: Scale, translation and units, by axis of space.
Place: TypeAlias = tuple[dict[str, float], dict[str, float], dict[str, str | None]]

#: Looks of a layer that a picture tells, and Python sets.
LOOKS = ("visible", "opacity", "blend", "colour_map", "colour", "contrast", "shader")


class Layer(Mistakable):
    """A volume of a viewer: an OME-Zarr, a TIFF, or an array that is in no file.

    What is None is the viewer's to choose, from the metadata or the voxels. Once the picture is there the traits say
    how the layer looks, follow what the person changes, and change the picture when they are set.

    Parameters
    ----------
    source : path-like, Volume, VolumeLevel or array
        A path as `view` takes it, what `microct_io_vis.open` gives, or a NumPy, dask or zarr array, which is served
        piece by piece; what has changed in it is seen after ``viewer.reload()``.
    name : str, optional
        In the viewer's list of layers. None: that of the file.
    labels : bool, optional
        Whether its voxels are numbers of segments.
    colour : str, optional
        One colour for all values, such as ``"#ff8000"``.
    color : str, optional
        The same as ``colour``.
    colour_map : {'grey', 'colour', 'viridis', 'magma', 'fire', 'labels'}, optional
        The colours of the values.
    opacity : float, optional
        In slices, from 0 to 1.
    contrast : (float, float), optional
        Values that are shown black and white. Where that of black is greater, dark and bright are swapped, as by
        *Invert* above the picture.
    value_range : (float, float), optional
        The same as ``contrast``.
    blend : {'over', 'add'}, optional
        Whether it lies over those below, or its light is added to theirs.
    shader : str, optional
        Neuroglancer's code of colours, in place of ``colour`` and ``colour_map``.
    visible : bool, optional
        Whether it is shown.
    axes : str, optional
        Of an array: names of its axes, of t, c, z, y, x. None: xarray's, or zyx, or yx of a plane.
    voxel_size : float or (float, float, float), optional
        Of an array: edges of a voxel along its axes of space. None, of this and the next two: what the coordinates of
        an ``xarray.DataArray`` say, where they have units; else those of the viewer's first volume.
    unit : str, optional
        Of ``voxel_size`` and ``translation``: a UDUNITS name, such as micrometer. None: the first volume's.
    translation : (float, float, float), optional
        Of an array: where the centre of its voxel 0 is. None: where that of the first volume is.
    at : (int, int, int) or box, optional
        Of an array that was made of a part of the first volume, in place of the three before: the voxel of level 0 at
        which the part begins, or the box, as `VolumeLevel.region` takes it.
    level : int, optional
        With ``at``: the level of the first volume that the part was read from.

    Raises
    ------
    ValueError
        The array cannot be shown, or where it lies is said in no way that can be meant.
    traitlets.TraitError
        A trait has a value that cannot be meant.

    Examples
    --------
    >>> import microct_io_vis
    >>> volume = microct_io_vis.open("bone.ome.zarr")
    >>> bone = microct_io_vis.Layer(volume[2:8] > 0, name="bone", labels=True, at=(2, 0, 0), opacity=0.4)
    >>> viewer = microct_io_vis.view(volume, layers=[bone])
    >>> [layer.name for layer in viewer.layers]
    ['bone.ome.zarr', 'bone']
    """

    name = Unicode(help="In the list of layers.")
    visible = Bool(None, allow_none=True, help="Whether it is shown.")
    opacity = Float(None, allow_none=True, min=0, max=1, help="In slices, from 0 to 1.")
    blend = Enum(get_args(Blend), None, allow_none=True, help="Whether it lies over others, or its light is added.")
    colour_map = Enum(get_args(ColourMap), None, allow_none=True, help="The colours of the values.")
    colour = Unicode(None, allow_none=True, help="One colour for all values, such as #ff8000.")
    contrast = Several(None, allow_none=True, help="Values that are shown black and white.")
    shader = Unicode(None, allow_none=True, help="Neuroglancer's code of colours.")

    @naming_its_options
    def __init__(
        self,
        source: StrPath | Volume | VolumeLevel | Any,
        *,
        name: str | None = None,
        labels: bool = False,
        colour: str | None = None,
        color: str | None = None,
        colour_map: ColourMap | None = None,
        opacity: float | None = None,
        contrast: Sequence[float] | None = None,
        value_range: Sequence[float] | None = None,
        blend: Blend | None = None,
        shader: str | None = None,
        visible: bool | None = None,
        axes: str | None = None,
        voxel_size: float | Sequence[float] | None = None,
        unit: str | None = None,
        translation: Sequence[float] | None = None,
        at: Sequence[Integer] | Ranges | None = None,
        level: Integer | None = None,
    ) -> None:
        self.source: Any = source
        self.labels = labels
        self._place: dict[str, Any] = {"axes": axes, "voxel_size": voxel_size, "unit": unit, "translation": translation}
        self._at, self._level = at, level
        #: How the source is read, where it is no OME-Zarr.
        self.reading: dict[str, Any] = _reading_of(source)
        #: Hears which traits Python has set.
        self._on_wish: Callable[[Layer, str, Any], None] | None = None
        self._is_told = False
        looks = {
            "visible": visible,
            "opacity": opacity,
            "blend": blend,
            "colour_map": colour_map,
            "colour": colour if colour is not None else color,
            "contrast": contrast if contrast is not None else value_range,
            "shader": shader,
        }
        try:
            if not self.is_array:
                given = [key for key, value in {**self._place, "at": at, "level": level}.items() if value is not None]
                if given:
                    path = shown_address(self.path)
                    raise ValueError(f"{given[0]}: of arrays only; {path} says itself where it lies")
            elif at is None and level is not None:
                raise ValueError("level: without at, which says where in the first volume the array begins")
            elif at is not None and any(value is not None for value in (voxel_size, unit, translation)):
                raise ValueError("at: beside voxel_size, unit or translation, which say where the array lies, too")
            super().__init__(
                name=name or self._own_name(), **{key: value for key, value in looks.items() if value is not None}
            )
        except (ValueError, TraitError) as mistake:
            shown_as_message(mistake)
            raise

    def __repr__(self) -> str:
        looks = {key: getattr(self, key) for key in LOOKS if key != "shader"}
        said = "".join(f", {key}={value!r}" for key, value in looks.items() if value is not None)
        return f"Layer({self.name!r}{', labels=True' if self.labels else ''}{said})"

    @property
    def color(self) -> str | None:
        """The same as ``colour``."""
        return self.colour

    @color.setter
    def color(self, colour: str | None) -> None:
        self.colour = colour

    @property
    def value_range(self) -> tuple[float, float] | None:
        """The same as ``contrast``."""
        return self.contrast

    @value_range.setter
    def value_range(self, contrast: Sequence[float] | None) -> None:
        self.contrast = contrast

    @property
    def path(self) -> str:
        """Of the file that it shows; empty of an array."""
        if isinstance(self.source, (str, os.PathLike)):
            return os.fspath(self.source)
        return self.source.source if isinstance(self.source, (Volume, VolumeLevel)) else ""

    @property
    def is_array(self) -> bool:
        """Whether it shows an array that is in no file."""
        return self.path == "" and not isinstance(self.source, (str, os.PathLike))

    def move_to(self, path: str, reading: dict[str, Any]) -> None:
        """Takes where its file is now, and how it is read there."""
        is_named = self.name == self._own_name()
        level = self.source.number if isinstance(self.source, VolumeLevel) else 0
        self.source = open_volume(path, **reading).level(level) if level else path
        self.reading = reading
        if is_named:
            self.name = self._own_name()

    def read_as(self, reading: dict[str, Any]) -> None:
        """Has the source read with these options; of a collection of images the one that is meant is taken."""
        if self.is_array or isinstance(self.source, (Volume, VolumeLevel)):
            raise ValueError(f"{next(iter(reading))}: of files only; open() takes it, too")
        self.reading = reading.copy()
        image = image_path(self.path, reading.get("image"))
        if image is not None:
            is_named = self.name == self._own_name()
            self.source = image
            self.reading.pop("image")
            if is_named:
                self.name = self._own_name()

    def files(self, first: Any) -> Any:
        """Files that a viewer reads of an array, or of a level and those below it; None: all that lie at its path.

        ``first``: the viewer's first volume, where it is not this.
        """
        if isinstance(self.source, VolumeLevel) and self.source.number > 0:
            level = self.source
            try:
                return LevelFiles(self.path, level.number)
            except (FileNotFoundError, ValueError):  # of a TIFF, or at an address
                count = len(level.axes)
                place = (level.scale or [1] * count, level.translation or [0] * count, level.units)
                return ArrayFiles(level.array, self.name, level.axes, *place, self.labels)
        if not self.is_array:
            return None
        array = self.source
        if not all(hasattr(array, each) for each in ("shape", "dtype", "__getitem__")):
            raise ValueError(f"source: {array!r:.80}, where a path, a Volume or an array was expected")
        rank = len(array.shape)
        axes = self._place["axes"] or geometry_of(array).axes or {2: "yx", 3: "zyx"}.get(rank)
        if (
            not isinstance(axes, str)
            or len(axes) != rank
            or not re.fullmatch("t?c?z?y?x?", axes)
            or not axes.endswith("yx")
        ):
            what = "a letter for each axis, of t, c, z, y, x in this order"
            raise ValueError(f"{self.name}: axes is {axes!r} for an array of {rank} axes, where {what} was expected")
        if "z" not in axes:
            # A plane lies at one depth, and not at all of them.
            cut = (slice(None),) * axes.index("y") + (None,)
            array, axes = _Expanded(array, len(cut) - 1), axes.replace("yx", "zyx")
        return ArrayFiles(array, self.name, axes, *self._placement(axes, first), self.labels)

    def _placement(self, axes: str, first: Any) -> tuple[list[float], list[float], list[str | None]]:
        """Scale, translation and units along the axes of an array."""
        names = [axis for axis in axes if axis in "zyx"]
        place = first(self._level) if first else ({}, {}, {})
        if self._at is not None:
            if not first:
                raise ValueError(f"{self.name}: at, and there is no first volume in which that would be")
            scale, start, units = first(self._level or 0, self._at)
            place = scale, start, units
        elif all(self._place[each] is None for each in ("voxel_size", "unit", "translation")):
            place = self._own_place(place)
        scale, start, units = ({axis: each[axis] for axis in each} for each in place)
        for given, into in ((self._place["voxel_size"], scale), (self._place["translation"], start)):
            if given is None:
                continue
            values = [float(given)] * len(names) if isinstance(given, (int, float)) else [float(each) for each in given]
            if len(values) != len(names):
                raise ValueError(
                    f"{self.name}: {given!r}, where {len(names)} numbers were expected ({', '.join(names)})"
                )
            into.update(zip(names, values, strict=True))
        if self._place["voxel_size"] is not None and any(scale[axis] <= 0 for axis in names):
            raise ValueError(
                f"{self.name}: voxel_size is {self._place['voxel_size']!r}, where positive numbers were expected"
            )
        if self._place["unit"] is not None:
            units = dict.fromkeys(names, self._place["unit"])
        return (
            [float(scale.get(axis, 1)) if axis in "zyx" else 1.0 for axis in axes],
            [float(start.get(axis, 0)) if axis in "zyx" else 0.0 for axis in axes],
            [units.get(axis) if axis in "zyx" else None for axis in axes],
        )

    def _own_place(self, place: Place) -> Place:
        """Where an array lies, by its coordinates; what they do not say is the first volume's, ``place``."""
        scale, start, units = place[0].copy(), place[1].copy(), place[2].copy()
        said = geometry_of(self.source, self._place["axes"]).lengths
        # Without a unit they are indices, unless the first volume has none either.
        said = {axis: each for axis, each in said.items() if each.unit or not any(place[2].values())}
        steps = [abs(each.step) for each in said.values() if isinstance(each.step, float)]
        for axis, length in said.items():
            if isinstance(length.step, str):
                why = "are uneven, and a layer's are not: say where it lies (voxel_size, unit, translation, or at)"
                raise ValueError(f"{self.name}: its coordinates along {axis} {why}")
            if length.step is not None and length.step < 0:
                why = f"fall, and a layer's rise: array.sortby({axis!r}) has them rise"
                raise ValueError(f"{self.name}: its coordinates along {axis} {why}")
            # Of one plane the first volume says how thick it is, if it speaks of the same unit.
            thickness = place[0].get(axis) if (place[2].get(axis) or "") == length.unit else None
            scale[axis] = length.step or thickness or min(steps, default=1.0)
            start[axis], units[axis] = length.origin, length.unit or None
        return scale, start, units

    def _own_name(self) -> str:
        place = self.path.rstrip("\\/")
        path = source_name(place) if is_address(place) else re.split(r"[\\/]", place)[-1]
        if isinstance(self.source, VolumeLevel) and self.source.number > 0:
            return f"{path} level {self.source.number}"
        return path or ("labels" if self.labels else "array")

    def tell(self, looks: dict[str, Any]) -> None:
        """Takes how it looks in the picture."""
        self._is_told = True
        try:
            for name in LOOKS:
                if name in looks:
                    setattr(self, name, looks[name])
        finally:
            self._is_told = False

    def looks(self) -> dict[str, Any]:
        """Looks that are not left to the viewer."""
        given = {name: getattr(self, name) for name in LOOKS}
        return {name: value for name, value in given.items() if value is not None}

    @traitlets.validate("colour")
    def _check_colour(self, proposal: dict[str, Any]) -> str | None:
        colour: str | None = proposal["value"]
        if colour is None or re.fullmatch("#[0-9a-fA-F]{6}", colour):
            return colour and colour.lower()
        raise TraitError(f"colour: {colour!r}, where six hexadecimal digits were expected, such as '#ff8000'")

    @traitlets.validate("contrast")
    def _check_contrast(self, proposal: dict[str, Any]) -> tuple[float, ...] | None:
        contrast = proposal["value"]
        if contrast is None:
            return None
        if (
            len(contrast) != 2
            or not all(hasattr(each, "__float__") and math.isfinite(each) for each in contrast)
            or contrast[0] == contrast[1]
        ):
            raise TraitError(f"contrast: {contrast!r}, where two numbers were expected: the values of black and white")
        return tuple(each.item() if hasattr(each, "item") else each for each in contrast)

    @traitlets.observe(*LOOKS)
    def _wish(self, change: dict[str, Any]) -> None:
        if self._on_wish and not self._is_told and change["new"] is not None:
            # Colours that were told before no longer hold.
            if change["name"] == "shader":
                self.tell({"colour": None, "colour_map": None})
            elif change["name"] == "colour":
                self.tell({"colour_map": "colour", "shader": None})
            elif change["name"] == "colour_map":
                self.tell({"shader": None, **({} if change["new"] == "colour" else {"colour": None})})
            self._on_wish(self, change["name"], change["new"])


def _reading_of(source: Any) -> dict[str, Any]:
    level = source.levels[0] if isinstance(source, Volume) else source
    return reading_of(level) if isinstance(level, VolumeLevel) else {}


class _Expanded:
    """An array with one more axis, of length 1."""

    def __init__(self, array: Any, axis: int) -> None:
        self._array, self._axis = array, axis
        self.shape = (*array.shape[:axis], 1, *array.shape[axis:])
        self.dtype = array.dtype

    def __getitem__(self, where: tuple[slice, ...]) -> Any:
        import numpy as np

        plane = np.asarray(self._array[where[: self._axis] + where[self._axis + 1 :]])
        return np.expand_dims(plane, self._axis)

    def min(self) -> Any:
        return self._array.min()

    def max(self) -> Any:
        return self._array.max()
