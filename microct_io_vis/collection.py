"""Collections of images, as bioformats2raw makes them: which images there are, and the one that is meant."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from .multiscale import axes_of
from .types import Image, StrPath

#: Images that a message names.
NAMED = 20
#: Bytes of a file of metadata, at most.
MOST = 1 << 26


class Part(NamedTuple):
    """An image of a collection."""

    path: str
    #: its name; empty where nobody says
    name: str
    #: its axes with their lengths, and its type; empty where its metadata cannot be read
    what: str

    def __str__(self) -> str:
        return self.path + (f" {self.name!r}" if self.name else "") + (f" ({self.what})" if self.what else "")


def images_of(source: StrPath) -> list[Part] | None:
    """The images of a collection; None of what is none."""
    root = Path(source).expanduser()
    group = _metadata(root)
    if "multiscales" in group or not ("bioformats2raw.layout" in group or isinstance(group.get("series"), list)):
        return None
    series = group.get("series", _metadata(root / "OME").get("series"))
    if isinstance(series, list):
        paths = [path for path in series if isinstance(path, str)]
    else:
        paths = sorted((each.name for each in root.iterdir() if each.name.isdecimal() and each.is_dir()), key=int)
    names = list(_names(root / "OME" / "METADATA.ome.xml"))
    return [_part(root, path, names[n] if n < len(names) else "") for n, path in enumerate(paths)]


def image_path(source: StrPath, image: Image | None) -> str | None:
    """The path of the image that is meant; None where the source is no collection.

    Raises ``ValueError``, which names all images, where none is chosen, or another one.
    """
    parts = images_of(source)
    if parts is None:
        return None
    path = os.fspath(source)
    wanted = image if image is None or isinstance(image, str) else str(image.__index__())
    number = int(wanted) if wanted is not None and wanted.isdecimal() else -1
    found = [each for each in parts if wanted is not None and wanted in (each.path, each.name)]
    if not found and 0 <= number < len(parts):
        found = [parts[number]]
    if len(found) == 1:
        return os.path.join(path, found[0].path)
    said = "; ".join(map(str, parts[:NAMED])) + (f"; and {len(parts) - NAMED} more" if len(parts) > NAMED else "")
    what = f"a collection of {len(parts)} images, as bioformats2raw makes it"
    if image is None:
        raise ValueError(f"{path}: {what}: choose one by its number or its name, such as image=0, of {said or 'none'}")
    kind = "several images" if found else "no image"
    raise ValueError(f"{path}: {what}, and {kind} of it is called {image!r}: there are {said or 'none'}")


def _part(root: Path, path: str, name: str) -> Part:
    group = _metadata(root / path)
    try:
        image = group["multiscales"][0]
        own = image.get("name")
        # bioformats2raw calls each by its folder.
        own = own if isinstance(own, str) and own not in ("/", path) else ""
        array = root / path / image["datasets"][0]["path"]
        level = _document(array / "zarr.json") or _document(array / ".zarray")
        lengths = [f"{axis['name']} {length}" for axis, length in zip(axes_of(image), level["shape"], strict=True)]
    except (KeyError, IndexError, TypeError, ValueError):
        return Part(path, name, "")
    dtype = level.get("data_type") or _dtype(level.get("dtype"))
    return Part(path, own or name, " × ".join(lengths) + f", {dtype}")


def _dtype(code: Any) -> str:
    """``<u2`` as ``uint16``."""
    kinds = {"u": "uint", "i": "int", "f": "float"}
    text = str(code).lstrip("<>|=")
    return f"{kinds[text[0]]}{8 * int(text[1:])}" if text[:1] in kinds and text[1:].isdecimal() else text


def _names(file: Path) -> Iterator[str]:
    """Names of the images, as far as bioformats2raw keeps them, in their order."""
    try:
        if file.stat().st_size > MOST:
            return
        for _, element in ElementTree.iterparse(file, events=("start",)):
            if element.tag.rpartition("}")[2] == "Image":
                yield element.get("Name") or ""
    except (OSError, ElementTree.ParseError):
        return  # Names are not worth more than the images.


def _metadata(folder: Path) -> dict[str, Any]:
    """OME-Zarr's part of a group's attributes; nothing where there are none."""
    document = _document(folder / "zarr.json")
    attributes = document.get("attributes", {}) if document else _document(folder / ".zattrs")
    found = attributes.get("ome", attributes) if isinstance(attributes, dict) else {}
    return found if isinstance(found, dict) else {}


def _document(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > MOST:
            return {}
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
