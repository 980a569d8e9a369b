"""Notebook widgets."""

from .converter import ConverterWidget
from .viewer import ViewerWidget, view

__all__ = ["ConverterWidget", "ViewerWidget", "view"]
