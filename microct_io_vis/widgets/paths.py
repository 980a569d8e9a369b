"""Traits that hold paths."""

from __future__ import annotations

import os
from typing import Any

from traitlets import TraitError, TraitType, Unicode

from ..arguments import SLICES, no_path


class Path(Unicode[str | None, str | os.PathLike[str] | None]):
    """A path as text; takes anything that is a path."""

    info_text = "a path"

    def validate(self, obj: Any, value: Any) -> str | None:
        path: str | None = super().validate(obj, os.fspath(value) if isinstance(value, os.PathLike) else value)
        return path


class Source(TraitType[str | list[str], Any]):
    """One path, or the paths of a stack of slices; text, or a list of text."""

    default_value = ""
    info_text = "a path or a list of paths"

    def validate(self, obj: Any, value: Any) -> str | list[str]:
        if isinstance(value, (str, os.PathLike)):
            return os.fspath(value)
        if isinstance(value, (list, tuple)) and value and all(isinstance(path, (str, os.PathLike)) for path in value):
            return [os.fspath(path) for path in value]
        raise TraitError(str(no_path(value, str(self.name), SLICES)))


class Paths(TraitType[list[str], Any]):
    """Several paths, as text; takes one path, too."""

    info_text = "a path or a list of paths"

    def make_dynamic_default(self) -> list[str]:
        return []

    def validate(self, obj: Any, value: Any) -> list[str]:
        paths = [value] if isinstance(value, (str, os.PathLike)) else value
        if not isinstance(paths, (list, tuple)) or not all(isinstance(path, (str, os.PathLike)) for path in paths):
            self.error(obj, value)
        return [os.fspath(path) for path in paths]
