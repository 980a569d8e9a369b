"""The multiscale image of an OME-Zarr, as its root metadata has it: what Python reads of that by itself."""

from __future__ import annotations

import json
from typing import Any


def multiscale_of(key: str, document: bytes) -> dict[str, Any]:
    """The first multiscale image that ``zarr.json`` or ``.zattrs`` describes.

    Raises ``ValueError`` for what is no JSON, ``LookupError`` or ``TypeError`` where it describes none.
    """
    attributes = json.loads(document)
    image = (attributes["attributes"]["ome"] if key == "zarr.json" else attributes)["multiscales"][0]
    if not isinstance(image, dict):
        raise TypeError(f"{key} describes no image")
    return image


def axes_of(image: dict[str, Any]) -> list[dict[str, Any]]:
    """The axes as the metadata has them; none where it does not say."""
    systems = image.get("coordinateSystems")  # of 0.6, whose systems have the same axes
    for each in (image, *(systems if isinstance(systems, list) else ())):
        axes = each.get("axes") if isinstance(each, dict) else None
        if isinstance(axes, list) and axes:
            return [axis for axis in axes if isinstance(axis, dict) and "name" in axis]
    return []
