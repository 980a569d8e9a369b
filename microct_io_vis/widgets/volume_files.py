"""What reads the volumes of a viewer, and what a page is told of them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..arguments import is_address
from ..collection import image_path
from ..image_files import Files
from ..look import looked_at
from ..multiscale import axes_of, multiscale_of
from ..options import ENDINGS
from ..volume import nothing_is_chosen
from ..volume import open as open_volume
from .arrays import ArrayFiles, Geometry
from .files import OmeZarrFiles
from .layers import Layer


def files_of(paths: list[str], readings: Sequence[dict[str, Any]] | None = None) -> list[Files]:
    """The volumes, all of them, or one error that names each that is none."""
    volumes: list[Files] = []
    wrong = []
    for path, reading in zip(paths, readings or [{}] * len(paths), strict=True):
        try:
            if is_source(path):
                volumes.append(looked_at(path, reading=reading))
            elif reading and (is_address(path) or os.path.exists(os.path.expanduser(path))):
                raise ValueError(nothing_is_chosen(path, reading))
            else:
                image_path(path, None)  # which names the images of a collection
                volumes.append(OmeZarrFiles(path))
        except (FileNotFoundError, ValueError) as reason:
            wrong.append(reason)
    if wrong:
        raise wrong[0] if len(wrong) == 1 else type(wrong[0])("\n".join(map(str, wrong)))
    return volumes


def is_gone(files: Files) -> bool:
    """Whether a volume is no longer where it was opened."""
    return isinstance(files.root, Path) and not os.path.lexists(files.root)


def is_source(path: str) -> bool:
    """Whether the helper reads it: a file of voxels, a folder of slices that is no OME-Zarr, or an address."""
    if is_address(path):
        return True
    full = os.path.expanduser(path)
    if not os.path.isdir(full):
        return path.lower().endswith(ENDINGS)
    try:
        names = os.listdir(full)
    except OSError:
        return False
    is_marked = any(mark in names for mark in ("zarr.json", ".zattrs", ".zgroup"))
    return not is_marked and any(name.lower().endswith(ENDINGS) for name in names)


def rank_of(volumes: list[Files]) -> int:
    """How many coordinates a position in these volumes has: channels are none."""
    return len({axis["name"] for files in volumes for axis in files.axes if axis.get("type") != "channel"})


def place_of(source: str, files: Files, load: int) -> dict[str, Any]:
    """Data by which a browser finds the volume under its server's root, and is sure that it is the same."""
    if isinstance(files, ArrayFiles) or isinstance(files.root, str):
        nowhere: dict[str, Any] = {"home": "", "metadata": files.metadata_key, "fromNotebook": None, "fingerprint": []}
        return {"load": load, "paths": [files.root], **nowhere}
    root = files.root
    given = Path(os.path.abspath(os.path.expanduser(source)))
    place: dict[str, Any] = {
        "load": load,
        "paths": list(dict.fromkeys([given.as_posix(), root.as_posix()])),
        "home": Path.home().as_posix(),
        "metadata": files.metadata_key,
        "fromNotebook": None,
        "fingerprint": files.fingerprint(),
    }
    notebook = os.environ.get("JPY_SESSION_NAME")
    if notebook and os.path.isabs(notebook):
        try:
            folder = os.path.realpath(os.path.dirname(notebook))
            place["fromNotebook"] = Path(os.path.relpath(root, folder)).as_posix()
        except ValueError:  # another drive of Windows
            pass
    return place


def lengths_of(files: Files) -> dict[str, int]:
    """How many voxels level 0 has along each axis; empty where that cannot be read, or only from afar."""
    shape: Sequence[int]
    if isinstance(files, ArrayFiles):
        axes, shape = files.axes, files.shape
    elif is_address(files.root):
        return {}
    else:
        key = files.metadata_key
        try:
            # As it is now: a source that was written anew has its levels in another place.
            image = multiscale_of(key, files.read(key)[2])
            array = f"{image['datasets'][0]['path']}/{'zarr.json' if key == 'zarr.json' else '.zarray'}"
            axes, shape = axes_of(image), json.loads(files.read(array)[2])["shape"]
        except (OSError, LookupError, TypeError, ValueError):
            return {}
    return dict(zip((axis["name"] for axis in axes), shape, strict=False))


def lies_at(layer: Layer, files: Files, level: int | None = None, at: Any = None) -> Geometry:
    """Scale, translation and unit by axis of a viewer's first volume, or of a part of one of its levels.

    ``level``: its number; 0 without it. ``at``: the voxel of level 0 at which the part begins, or its box there.
    Nothing of a volume that lies askew or does not say where.

    Raises ``ValueError`` for a level that is not there, and for an ``at`` that is no voxel or box of level 0.
    """
    if isinstance(files, ArrayFiles):
        scale, start, units = files.geometry()
        if at is not None:
            if level:
                raise ValueError(f"level: {level}, and {layer.name} is an array, which has level 0 alone")
            names = [axis for axis in "zyx" if axis in scale]
            for axis, value in zip(names, _begins(at, len(names)), strict=True):
                start[axis] += value * scale[axis]
        return scale, start, units
    volume = open_volume(layer.path, **layer.reading)
    found = volume.level(level or 0)
    if found.scale is None or found.translation is None:
        return {}, {}, {}
    scale, start = (dict(zip(found.axes, each, strict=True)) for each in (found.scale, found.translation))
    if at is not None:
        first = _begins(at, sum(axis in "zyx" for axis in found.axes))
        ranges = found.slices([(value, value + 1) for value in first])
        for axis, where in zip(found.axes, ranges, strict=True):
            start[axis] += (where.start or 0) * scale[axis]
    return scale, start, dict(zip(found.axes, found.units, strict=True))


def _begins(at: Any, count: int) -> list[int]:
    """The first voxel of a box, or the one that is given, along so many axes."""
    parts = [part.start or 0 if isinstance(part, slice) else part for part in at]
    parts = [part[0] if isinstance(part, (tuple, list)) else part for part in parts]
    parts = parts[::2] if len(parts) in (4, 6) else parts
    if len(parts) != count or not all(hasattr(part, "__index__") for part in parts):
        raise ValueError(f"at: {at!r}, where {count} whole numbers, or a range for each of {count} axes, were expected")
    return parts
