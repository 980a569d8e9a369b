"""The options of a conversion as traits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traitlets import HasTraits

from ..arguments import option_words
from ..errors import ConversionError
from ..options import OPTIONS
from . import traits


class ConversionOptions(HasTraits):
    """The command line's options under their own names. None leaves an option to its default."""

    # The options of `convert`; src/build/options.mjs writes them.
    slices = traits.slices("slices")
    image = traits.image("image")
    described_by = traits.choice("described_by")
    z_axis = traits.choice("z_axis")
    palette = traits.choice("palette")
    orientation = traits.choice("orientation")
    chunk_size = traits.lengths("chunk_size")
    num_levels = traits.levels("num_levels")
    shard = traits.lengths("shard")
    downsample = traits.choice("downsample")
    labels = traits.flag("labels")
    parent = traits.path("parent")
    at = traits.voxel("at")
    compression = traits.choice("compression")
    checksum = traits.choice("checksum")
    max_memory = traits.bytes("max_memory")
    dtype = traits.dtype("dtype")
    channel = traits.channels("channel")
    value_range = traits.bounds("value_range")
    roi = traits.ranges("roi")
    voxel_size = traits.sizes("voxel_size")
    unit = traits.text("unit")
    ome_zarr = traits.version("ome_zarr")
    jobs = traits.integer("jobs")
    overwrite = traits.flag("overwrite")
    resume = traits.decision("resume")
    # End of the options.


OPTION_NAMES = tuple(sorted(OPTIONS))

# Readers of an option's words on the command line into its trait's values, by kind; other kinds keep the words.
_READ: dict[str, Callable[[str], Any]] = {
    "lengths": int,
    "ranges": int,
    "voxel": int,
    "sizes": float,
    "bounds": lambda word: word if word.endswith("%") else float(word),
    "levels": lambda word: int(word) if word.lstrip("-").isdigit() else word,
    "integer": int,
    "image": lambda word: int(word) if word.isdigit() else word,
    "channels": lambda word: word if word == "all" else [int(number) for number in word.split(",")],
}


def as_trait(name: str, value: Any) -> Any:
    """An option's value as its trait has it, of all that `convert` takes; the trait refuses what cannot be meant."""
    kind, count = OPTIONS[name].kind, OPTIONS[name].words
    try:
        words = option_words({name: value})
        values = [_READ.get(kind, str)(word) for word in words[1:]]
    except (ConversionError, ValueError):
        return value
    if count == 0:
        return None if value is None else bool(words)
    return (values[0] if count == 1 else tuple(values)) if words else None
