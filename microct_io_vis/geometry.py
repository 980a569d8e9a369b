"""What an array says itself of its axes, and of how far its voxels are apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .volume import SPACE, VolumeLevel

#: Share of a step by which another may differ.
EVEN = 1e-3


@dataclass(frozen=True)
class Length:
    """Of voxels along an axis: from one to the next (None where that is not said), where the centre of voxel 0 is, and
    the unit of both as it is written. Steps that are no number are of coordinates that are not even."""

    step: float | str | None
    origin: float
    unit: str


@dataclass(frozen=True)
class Geometry:
    """Names of the axes, None where they are not said; and lengths along those of Z, Y and X of which some are."""

    axes: Sequence[str] | None = None
    lengths: dict[str, Length] = field(default_factory=dict)


def geometry_of(array: Any, axes: str | None = None) -> Geometry:
    """That of a level of a `Volume`, or of an ``xarray.DataArray`` by its dimensions and coordinates.

    ``axes``: what its axes are, whatever it says.
    """
    if isinstance(array, VolumeLevel):
        own: Sequence[str] | None = array.axes
        scale, origin = array.scale or [None] * array.ndim, array.translation or [0.0] * array.ndim
        along = [Length(*each) for each in zip(scale, origin, (unit or "" for unit in array.units), strict=True)]
        depth = None
    else:
        dims, coordinates = getattr(array, "dims", None), getattr(array, "coords", None)
        if not isinstance(dims, tuple) or not isinstance(coordinates, Mapping):
            return Geometry()
        own = _named(dims)
        # xarray's `get` makes up indices where there are none.
        said = {name: coordinates[name] for name in coordinates}
        along, depth = [_length(said.get(name)) for name in dims], said.get("z")
    # Names of other kinds say nothing: the last axes are those of space.
    names = axes or own or SPACE[-len(along) :]
    lengths = dict(zip(reversed(names), reversed(along), strict=False))
    # A plane that was taken out of a volume says how deep it lay there.
    lengths.setdefault("z", _length(depth))
    return Geometry(
        own, {axis: length for axis, length in lengths.items() if axis in SPACE and length != _length(None)}
    )


def _named(dims: tuple[Any, ...]) -> Sequence[str] | None:
    """Names of axes; None where none of them is one of space."""
    if not set(dims) & set(SPACE):
        return None
    return "".join(dims) if all(isinstance(name, str) and len(name) == 1 for name in dims) else [*map(str, dims)]


def _length(coordinate: Any) -> Length:
    import numpy as np

    if coordinate is None or coordinate.dtype.kind not in "iuf" or coordinate.size == 0:
        return Length(None, 0, "")
    unit = coordinate.attrs.get("units", coordinate.attrs.get("unit"))
    places = np.atleast_1d(coordinate.values).astype(float)
    step: float | str | None = None
    if len(places) > 1:
        step = float(places[-1] - places[0]) / (len(places) - 1)
        # Coordinates may be rounded, to the digits of their type.
        rounded = 4 * np.finfo(coordinate.dtype).eps * np.abs(places).max() if coordinate.dtype.kind == "f" else 0
        if not step or not (np.abs(np.diff(places) - step) <= EVEN * abs(step) + rounded).all():
            step = "uneven"
    return Length(step, float(places[0]), unit if isinstance(unit, str) else "")
