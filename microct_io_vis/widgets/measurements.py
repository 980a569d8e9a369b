"""Measurements in a viewer as tables: the records that the viewer exports, in Python's order of axes."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

#: How many points a kind has, at least and at most.
KINDS = {"point": (1, 1), "line": (2, 2), "box": (2, 2), "ellipsoid": (2, 2), "polyline": (2, math.inf)}
MEASURES = {"length": "{}", "area": "{}^2", "volume": "{}^3", "angle": "degree"}
COLUMNS = ("id", "kind", "name", "points", *(each for name in MEASURES for each in (name, f"{name}_unit")))

Record = dict[str, Any]


def table(records: Iterable[Record]) -> Any:
    """A row for each measurement: a DataFrame, or dictionaries where pandas is not there."""
    rows = [_row(record) for record in records]
    if find_spec("pandas") is None:
        return rows
    return import_module("pandas").DataFrame(rows, columns=list(COLUMNS))


def _row(record: Record) -> Record:
    order = sorted(range(len(record["axes"])), key=lambda axis: record["axes"][axis], reverse=True)
    points = [tuple(float(point[axis]) for axis in order) for point in record["voxels"]]
    row = {"id": record["id"], "kind": record["kind"], "name": record["name"], "points": points}
    for name, unit in MEASURES.items():
        row[name] = record.get(name)
        row[f"{name}_unit"] = None if row[name] is None else unit.format(record.get("unit"))
    return row


def records_of(value: Any, axes: str) -> list[Record]:
    """A viewer's records of a table as it is given, of what the viewer has exported, or of what somebody has written.

    ``axes``: those of the volume, in the order of the points. Raises ``ValueError`` with the row that is wrong.
    """
    rows = value.to_dict("records") if hasattr(value, "to_dict") else value
    if isinstance(rows, Mapping):  # the file that the viewer exports
        rows = rows.get("measurements", rows)
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Iterable):
        raise ValueError(f"annotations: {value!r}, where a DataFrame or a list of records was expected")
    rows = list(rows)
    if rows and all(isinstance(row, Mapping) and "point" in row and "points" not in row for row in rows):
        rows = _from_csv(rows, axes)
    return [_record(number, row, axes) for number, row in enumerate(rows)]


def _from_csv(rows: Sequence[Mapping[str, Any]], axes: str) -> list[Record]:
    """Measurements of the table that a viewer exports as CSV, which has a row for each point."""
    found: dict[str, Record] = {}
    for row in rows:
        measurement = found.setdefault(str(row["id"]), {**row, "points": []})
        measurement["points"].append([row.get(f"{axis}_voxel") for axis in axes])
    return list(found.values())


def _record(number: int, row: Any, axes: str) -> Record:
    def refuse(what: str) -> ValueError:
        return ValueError(f"annotations: row {number}: {what}")

    if not isinstance(row, Mapping):
        raise refuse(f"{row!r}, where a dictionary was expected")
    kind, order, points = row.get("kind"), axes, row.get("points")
    if kind not in KINDS:
        raise refuse(f"'kind' is {kind!r}, which is none of {', '.join(KINDS)}")
    if points is None and "voxels" in row:
        points, order = row["voxels"], "".join(row.get("axes", "xyz"))
    if sorted(order) != sorted(axes):
        raise refuse(f"its axes are {order}, and those of the volume {axes}")
    least, most = KINDS[kind]
    try:
        placed = [[float(value) for value in point] for point in points or ()]
    except (TypeError, ValueError):
        placed = []
    if not least <= len(placed) <= most or any(
        len(point) != len(axes) or not all(map(math.isfinite, point)) for point in placed
    ):
        count = str(least) if least == most else f"{least} or more"
        what = f"{count} point{'' if least == most == 1 else 's'} of {len(axes)} numbers each ({', '.join(axes)})"
        raise refuse(f"'points' of a {kind} is {points!r}, where {what} were expected")
    own, name = row.get("id"), row.get("name")
    given = sorted(axes)  # x, y, z, as the viewer counts
    return {
        "id": own if isinstance(own, str) and own else uuid.uuid4().hex,
        "kind": kind,
        "name": name if isinstance(name, str) else "",
        "axes": given,
        "voxels": [[point[order.index(axis)] for axis in given] for point in placed],
    }
