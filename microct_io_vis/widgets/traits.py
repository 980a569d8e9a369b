"""Traits for the kinds of options of a conversion."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from traitlets import Bool, CFloat, CInt, Enum, List, TraitType, Tuple, Unicode, Union

from ..arguments import byte_count
from ..options import OPTIONS
from .paths import Path


class ByteSize(TraitType[int, int | str]):
    """A number of bytes; takes ``"8G"`` or ``"512M"`` too, in powers of 1024."""

    default_value = 0
    info_text = 'a number of bytes, such as 2 * 2**30 or "8G"'

    def validate(self, obj: Any, value: Any) -> int:
        count = byte_count(value)
        if count is None:
            self.error(obj, value)
        return count


class Percentage(TraitType[str, str]):
    """A percentage, such as ``"99.9%"``."""

    default_value = "0%"
    info_text = 'a percentage, such as "99.9%"'

    def validate(self, obj: Any, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*%\s*", value):
            self.error(obj, value)
        return value.strip()


class Several(TraitType[tuple[Any, ...] | None, Any]):
    """A tuple; takes whatever can be made one, such as a NumPy array."""

    info_text = "a sequence"

    def validate(self, obj: Any, value: Any) -> tuple[Any, ...]:
        if isinstance(value, str) or not hasattr(value, "__iter__"):
            self.error(obj, value)
        return tuple(value)


# A trait for each kind of options. None leaves an option to its default; of a flag that is False.


def flag(name: str) -> Bool[bool, Any]:
    return Bool(False, help=OPTIONS[name].help).tag(sync=True)


def decision(name: str) -> Bool[bool | None, Any]:
    return Bool(None, allow_none=True, help=f"{OPTIONS[name].help} None: the form asks.").tag(sync=True)


def choice(name: str) -> Enum[str | None]:
    option = OPTIONS[name]
    return Enum(option.choices, default_value=None, allow_none=True, help=option.help).tag(sync=True)


dtype = version = choice


def text(name: str) -> Unicode[str | None, Any]:
    return Unicode(None, allow_none=True, help=OPTIONS[name].help).tag(sync=True)


slices = text


def path(name: str) -> Path:
    return Path(None, allow_none=True, help=OPTIONS[name].help).tag(sync=True)


def image(name: str) -> Union:
    return _either(name, CInt(), Unicode())


def integer(name: str) -> CInt[int | None, Any]:
    return CInt(None, allow_none=True, help=OPTIONS[name].help).tag(sync=True)


def levels(name: str) -> Union:
    return _either(name, CInt(), Enum(("auto",)))


def channels(name: str) -> Union:
    return _either(name, List(CInt(), minlen=1), Enum(("all",)))


def bytes(name: str) -> ByteSize:
    return ByteSize(default_value=None, allow_none=True, help=OPTIONS[name].help).tag(sync=True)


def _either(name: str, *traits: TraitType[Any, Any]) -> Union:
    return Union(list(traits), default_value=None, allow_none=True, help=OPTIONS[name].help).tag(sync=True)


def _several(name: str, make: Callable[[], TraitType[Any, Any]]) -> Tuple:
    option = OPTIONS[name]
    each = [make() for _ in range(option.words)]
    return Tuple(*each, default_value=None, allow_none=True, help=option.help).tag(sync=True)


def lengths(name: str) -> Tuple:
    return _several(name, CInt)


ranges = lengths
voxel = lengths


def sizes(name: str) -> Tuple:
    return _several(name, CFloat)


def bounds(name: str) -> Tuple:
    return _several(name, lambda: Union([CFloat(), Percentage()]))
