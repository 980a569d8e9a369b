"""Neuroglancer's state as Python may set it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

Layout: TypeAlias = Literal["4panel", "4panel-alt", "xy", "yz", "xz", "xy-3d", "yz-3d", "xz-3d", "3d"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
LAYER_TYPES = ("image", "segmentation", "annotation")


class StateError(ValueError):
    """A value that Neuroglancer cannot take; the message names the key."""


def check_state(state: dict[str, Any], rank: int) -> dict[str, Any]:
    """The state as JSON has it (NumPy's numbers and arrays become Python's), or ``StateError``.

    What stands inside of layers and panels is Neuroglancer's to judge. ``rank``: how many coordinates a position has,
    unless the state names its own dimensions.
    """
    checked = {}
    for key, value in state.items():
        if key not in _CHECKS:
            near = difflib.get_close_matches(str(key), _CHECKS, 1)
            raise StateError(f"{key!r} is no key of Neuroglancer's state" + (f": {near[0]!r} is" if near else ""))
        checked[key] = _json(key, value)
        _CHECKS[key](key, checked[key])
    if "position" in checked:
        rank = len(checked["dimensions"]) if "dimensions" in checked else rank
        if rank and len(checked["position"]) != rank:
            what = f"{rank} coordinates, in voxels (x, y, z first)"
            raise StateError(f"'position' has {len(checked['position'])} coordinates, and needs {what}")
    return checked


def _json(key: str, value: Any) -> Any:
    if hasattr(value, "tolist"):  # NumPy's
        value = value.tolist()
    if isinstance(value, dict):
        return {str(name): _json(key, each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(key, each) for each in value]
    if value is None or isinstance(value, (bool, str, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise StateError(f"{key!r}: {value!r} cannot be written as JSON")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check(expected: str, holds: Callable[[Any], bool]) -> Callable[[str, Any], None]:
    def check(key: str, value: Any) -> None:
        if not holds(value):
            raise StateError(f"{key!r} is {value!r}, and must be {expected}")

    return check


_boolean = _check("True or False", lambda value: isinstance(value, bool))
_text = _check("text", lambda value: isinstance(value, str))
_mapping = _check("a dictionary", lambda value: isinstance(value, dict))
_number = _check("a number", _is_number)
_positive = _check("a number greater than 0", lambda value: _is_number(value) and value > 0)
_count = _check("a number of at least 0", lambda value: _is_number(value) and value >= 0)
_color = _check("a colour such as '#808080'", lambda value: isinstance(value, str) and value != "")
_position = _check(
    "a list of numbers, in voxels",
    lambda value: isinstance(value, list) and all(map(_is_number, value)),
)
_orientation = _check(
    "a quaternion: four numbers (x, y, z, w), not all 0",
    lambda value: isinstance(value, list) and len(value) == 4 and all(map(_is_number, value)) and any(value),
)
_names = _check(
    "a list of up to three names of dimensions",
    lambda value: isinstance(value, list) and len(value) <= 3 and all(isinstance(name, str) for name in value),
)
_scales = _check(
    "a dictionary of numbers greater than 0 by dimensions",
    lambda value: isinstance(value, dict) and all(_is_number(each) and each > 0 for each in value.values()),
)


def _is_dimension(value: Any) -> bool:
    if isinstance(value, dict):  # of the names of its coordinates
        return True
    return (
        isinstance(value, list)
        and len(value) == 2
        and _is_number(value[0])
        and value[0] > 0
        and isinstance(value[1], str)
    )


_dimensions = _check(
    "a dictionary of [size of a voxel, unit] by dimensions, such as {'x': [1e-06, 'm'], ...}",
    lambda value: isinstance(value, dict) and all(map(_is_dimension, value.values())),
)


def _layout(key: str, value: Any) -> None:
    kind = value.get("type") if isinstance(value, dict) else value
    if kind not in (*LAYOUTS, "row", "column") or (kind in ("row", "column") and kind == value):
        raise StateError(f"{key!r} is {value!r}, and must be one of {', '.join(LAYOUTS)}")


def _layers(key: str, value: Any) -> None:
    if not isinstance(value, list):
        raise StateError(f"{key!r} is {value!r}, and must be a list of layers")
    seen = set()
    for layer in value:
        if not isinstance(layer, dict) or not isinstance(layer.get("name"), str):
            raise StateError(f"{key!r}: {layer!r} must be a dictionary with a 'name'")
        name = layer["name"]
        kind = layer.get("type", "image")
        if name in seen:
            raise StateError(f"{key!r}: two layers have the name {name!r}")
        if kind not in (*LAYER_TYPES, "new", "auto", "pointAnnotation"):
            what = f"must be one of {', '.join(LAYER_TYPES)}"
            raise StateError(f"{key!r}: the 'type' of {name!r} is {kind!r}, and {what}")
        seen.add(name)


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "title": _text,
    "dimensions": _dimensions,
    "relativeDisplayScales": _scales,
    "displayDimensions": _names,
    "position": _position,
    "velocity": _mapping,
    "crossSectionOrientation": _orientation,
    "crossSectionScale": _positive,
    "crossSectionDepth": _number,
    "projectionOrientation": _orientation,
    "projectionScale": _positive,
    "projectionDepth": _number,
    "layers": _layers,
    "showAxisLines": _boolean,
    "wireFrame": _boolean,
    "enableAdaptiveDownsampling": _boolean,
    "showScaleBar": _boolean,
    "showDefaultAnnotations": _boolean,
    "showSlices": _boolean,
    "hideCrossSectionBackground3D": _boolean,
    "gpuMemoryLimit": _count,
    "prefetch": _boolean,
    "systemMemoryLimit": _count,
    "concurrentDownloads": _count,
    "selectedLayer": _mapping,
    "crossSectionBackgroundColor": _color,
    "projectionBackgroundColor": _color,
    "layout": _layout,
    "statistics": _mapping,
    "helpPanel": _mapping,
    "settingsPanel": _mapping,
    "selection": _mapping,
    "layerListPanel": _mapping,
    "partialViewport": _mapping,
    "selectedStateServer": _text,
    "toolBindings": _mapping,
    "toolPalettes": _mapping,
}
