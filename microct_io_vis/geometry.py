"""What an array says itself of its axes, and of how far its voxels are apart."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .volume import SPACE, VolumeLevel

#: Share of a step by which another may differ, where coordinates were rounded.
EVEN = 1e-3


@dataclass(frozen=True)
class Geometry:
    """Names of the axes, such as ``"zyx"``, and along the last three of them (of a plane ``z`` and both) the lengths of
    a voxel with their units as they are written; each None where the array does not say it, a text where it is none."""

    axes: str | None = None
    lengths: tuple[float | str | None, ...] | None = None
    units: tuple[str, ...] = ("", "", "")
    #: Where the centre of voxel 0 is, in ``units``; negative lengths lead backwards from there.
    origin: tuple[float, ...] = (0, 0, 0)


def geometry_of(array: Any) -> Geometry:
    """That of a level of a `Volume`, or of an ``xarray.DataArray`` by its dimensions and coordinates."""
    if isinstance(array, VolumeLevel):
        units = tuple(unit or "" for unit in array.units[-3:])
        return Geometry(array.axes, array.scale and array.scale[-3:], units, (array.translation or (0, 0, 0))[-3:])
    dims, coordinates = getattr(array, "dims", None), getattr(array, "coords", None)
    if not isinstance(dims, tuple) or not isinstance(coordinates, Mapping):
        return Geometry()
    named = all(isinstance(name, str) and len(name) == 1 for name in dims) and set(SPACE) <= set(dims)
    # Dimensions of other names say nothing.
    axes = "".join(map(str, dims)) if named else None
    # A plane that was taken out of a volume says how deep it lay there.
    along = [coordinates.get(name) for name in (dims[-3:] if len(dims) > 2 else ("z", *dims))]
    if all(each is None for each in along):
        return Geometry(axes)
    return Geometry(axes, tuple(map(_step, along)), tuple(map(_unit, along)), tuple(map(_first, along)))


def _step(coordinate: Any) -> float | str | None:
    """From one voxel to the next."""
    if coordinate is None or coordinate.ndim != 1 or len(coordinate) < 2 or coordinate.dtype.kind not in "iuf":
        return None
    places = [float(place) for place in coordinate.values]
    step = (places[-1] - places[0]) / (len(places) - 1)
    is_even = all(math.isclose(after - before, step, rel_tol=EVEN) for before, after in pairwise(places))
    return step if is_even and step else "uneven"


def _first(coordinate: Any) -> float:
    return 0 if coordinate is None or coordinate.dtype.kind not in "iuf" else float(coordinate.values.flat[0])


def _unit(coordinate: Any) -> str:
    attributes: Mapping[Hashable, Any] = {} if coordinate is None else coordinate.attrs
    unit = attributes.get("units", attributes.get("unit"))
    return unit if isinstance(unit, str) else ""
