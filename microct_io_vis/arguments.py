"""Python's values as words of the helper's command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from .errors import ConversionError


def _whole(value: Any) -> str:
    return str(value.__index__())


def _real(value: Any) -> str:
    return repr(float(value))


def _text(value: Any) -> str:
    return os.fspath(value)


def _whole_or_text(value: Any) -> str:
    return value if isinstance(value, str) else _whole(value)


def _real_or_percentage(value: Any) -> str:
    return value.strip() if isinstance(value, str) and value.strip().endswith("%") else _real(value)


def _listed(value: Any) -> str:
    return value if isinstance(value, str) else ",".join(map(_whole, value if isinstance(value, Iterable) else [value]))


# Each option's number of values, and how one is written.
OPTIONS: dict[str, tuple[int, Callable[[Any], str]]] = {
    "slices": (1, _text),
    "image": (1, _whole_or_text),
    "z_axis": (1, _text),
    "chunk_size": (3, _whole),
    "num_levels": (1, _whole_or_text),
    "shard": (3, _whole),
    "downsample": (1, _text),
    "labels": (0, _text),
    "parent": (1, _text),
    "compression": (1, _text),
    "checksum": (1, _text),
    "max_memory": (1, _whole_or_text),
    "dtype": (1, _text),
    "channel": (1, _listed),
    "value_range": (2, _real_or_percentage),
    "roi": (6, _whole),
    "voxel_size": (3, _real),
    "unit": (1, _text),
    "ome_zarr": (1, _text),
    "jobs": (1, _whole),
    "overwrite": (0, _text),
    "resume": (0, _text),
}


def option_words(options: dict[str, Any]) -> list[str]:
    """``{"chunk_size": (64, 64, 64)}`` as ``["--chunk-size", "64", "64", "64"]``; None leaves an option out.

    Raises TypeError for an option that there is not, `ConversionError` for a value that cannot be meant.
    """
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise TypeError(f"there is no option {', '.join(unknown)}; the options are {', '.join(OPTIONS)}")
    words = []
    for name, value in options.items():
        count, write = OPTIONS[name]
        if value is None or (count == 0 and not value):
            continue
        values = [] if count == 0 else [value] if count == 1 else _several(name, value, count)
        try:
            written = [write(each) for each in values]
        except (AttributeError, TypeError, ValueError):
            raise ConversionError("bad-option", f"{name} cannot be {value!r}") from None
        words += [f"--{name.replace('_', '-')}", *written]
    return words


def _several(name: str, value: Any, count: int) -> list[Any]:
    values = list(value) if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    if len(values) != count:
        raise ConversionError("bad-option", f"{name} takes {count} values, and was given {value!r}")
    return values


def source_words(source: Any) -> tuple[str, str | None]:
    """The helper's word for a source, and what it reads from standard input: the paths of a list of slices."""
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        # A name that starts with @ would be taken for a list.
        return (os.path.join(".", path) if path.startswith("@") else path), None
    return "@-", "".join(f"{os.fspath(path)}\n" for path in source)
