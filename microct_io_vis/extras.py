"""Packages that only some functions need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .errors import shown_as_message


def imported(module: str, extra: str = "analysis", package: str | None = None, purpose: str = "this") -> Any:
    """A module that an extra of this package brings.

    Raises ``ImportError``, which says how to install it, where it is not there.
    """
    try:
        return import_module(module)
    except ImportError as error:
        name = package or module.partition(".")[0]
        reason = f"{name} is needed for {purpose}: pip install 'microct-io-vis[{extra}]' brings it"
        raise shown_as_message(ImportError(reason, name=error.name)) from error
