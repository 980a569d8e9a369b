"""Notebook widgets."""

from .alignment import Alignment
from .converter import ConverterWidget
from .layers import Layer
from .pick import Pick
from .viewer import ViewerWidget, link, view

__all__ = ["Alignment", "ConverterWidget", "Layer", "Pick", "ViewerWidget", "link", "view"]
