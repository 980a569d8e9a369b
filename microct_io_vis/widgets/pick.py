"""The place under the mouse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Pick:
    """The place under the mouse, or under it when it was last over the picture.

    Attributes
    ----------
    position : tuple of int
        The voxel along (Z, Y, X): index in level 0 of the first volume.
    value : int, float or None
        That of the first layer that shows values; None where there is none, or nothing has been read yet.
    label : int or None
        That of the first layer that shows labels.
    level : int or None
        The level of the pyramid that ``value`` is of: it is level 0's where this is 0, which it is when the picture
        is near enough.
    values : dict
        By the names of the layers: values and labels.

    Examples
    --------
    >>> from microct_io_vis import Pick
    >>> pick = Pick(position=(13, 31, 41), value=35422, level=0)
    >>> pick.value, pick.label
    (35422, None)
    """

    position: tuple[int, ...]
    value: int | float | None = None
    label: int | None = None
    level: int | None = None
    values: dict[str, int | float] = field(default_factory=dict)


def pick_of(sent: dict[str, Any] | None, _: Any = None) -> Pick | None:
    """Of what a page sends."""
    if sent is None:
        return None
    layers = sent["layers"]
    values = {layer["name"]: _number(layer["value"]) for layer in layers}
    image = next((layer for layer in layers if not layer["isLabels"]), None)
    labels = next((layer for layer in layers if layer["isLabels"]), None)
    return Pick(
        position=tuple(sent["voxel"]),
        value=image and values[image["name"]],
        label=labels and int(values[labels["name"]]),
        level=image and image["level"],
        values=values,
    )


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
