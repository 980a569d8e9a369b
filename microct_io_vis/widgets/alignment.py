"""Where one volume lies on another, by pairs of points: as the viewer's `Align` finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args

if TYPE_CHECKING:
    import numpy

AlignmentKind: TypeAlias = Literal["rigid", "similarity", "affine"]

#: Points that are spread less along a direction than this part of how far they reach do not tell of it.
LEAST_SPREAD = 1e-3
FLAT = ("in one place", "on one line", "in one plane")


class Alignment(NamedTuple):
    """Result of `ViewerWidget.align`.

    Parameters
    ----------
    matrix : numpy.ndarray
        Leads from a place in the moving volume to that in the fixed one, (Z, Y, X, 1) in ``unit``: 4 × 4.
    residuals : numpy.ndarray
        How far each of the moving points is from its partner then, in ``unit``.
    unit : str or None
        UDUNITS name of lengths; None where the volumes have none.

    Examples
    --------
    >>> from microct_io_vis import view
    >>> viewer = view(["bone.ome.zarr", "bone.tif"])
    >>> corners = [[0, 0, 0], [0, 9, 0], [0, 0, 9]]
    >>> found = viewer.align(1, corners, corners)
    >>> found.matrix.shape, len(found.residuals)
    ((4, 4), 3)
    """

    matrix: numpy.ndarray[Any, Any]
    residuals: numpy.ndarray[Any, Any]
    unit: str | None

    @property
    def rms(self) -> float:
        """Root of the mean of the squares of ``residuals``."""
        return float((self.residuals**2).mean() ** 0.5)


def solve(
    kind: AlignmentKind, moving: numpy.ndarray[Any, Any], fixed: numpy.ndarray[Any, Any]
) -> tuple[numpy.ndarray[Any, Any], numpy.ndarray[Any, Any]]:
    """Matrix and residuals, in least squares (Umeyama, IEEE PAMI 13(4), 1991, which never mirrors); lengths."""
    import numpy as np

    if kind not in get_args(AlignmentKind):
        raise ValueError(f"kind: {kind!r}, and must be one of {', '.join(get_args(AlignmentKind))}")
    count, rank = moving.shape
    least = rank + 1 if kind == "affine" else rank
    what = "an affine alignment" if kind == "affine" else f"a {kind} alignment"
    if count < least:
        raise ValueError(f"{what} needs {least} pairs of points or more, and there are {count}")
    from_, to = moving - moving.mean(0), fixed - fixed.mean(0)
    for name, points in (("points_moving", from_), ("points_fixed", to)):
        spread = np.linalg.svd(points, compute_uv=False)
        directions = int((spread > LEAST_SPREAD * spread[0]).sum())
        if directions < (rank if kind == "affine" else rank - 1):
            raise ValueError(f"{name}: they lie {FLAT[directions]}, by which {what} is not known")
    if kind == "affine":
        linear = np.linalg.lstsq(from_, to, rcond=None)[0].T
    else:
        u, sizes, vt = np.linalg.svd(to.T @ from_)
        signs = np.ones(rank)
        signs[-1] = np.sign(np.linalg.det(u) * np.linalg.det(vt))
        scale = (sizes * signs).sum() / (from_**2).sum() if kind == "similarity" else 1.0
        linear = scale * (u * signs) @ vt
    matrix = np.eye(rank + 1)
    matrix[:rank, :rank] = linear
    matrix[:rank, rank] = fixed.mean(0) - linear @ moving.mean(0)
    residuals = np.linalg.norm(moving @ linear.T + matrix[:rank, rank] - fixed, axis=1)
    return matrix, residuals
