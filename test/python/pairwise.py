"""Few combinations of parameters in which every two values that go together do occur together."""

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

Row = dict[str, object]


def pairwise(parameters: Mapping[str, Sequence], valid: Callable[[Row], bool], seed: int = 1) -> list[Row]:
    """Rows that cover every pair of values for which there is a valid row, found greedily."""
    chance = random.Random(seed)
    names = list(parameters)

    def pairs(row: Row) -> set:
        return {(a, row[a], b, row[b]) for a, b in combinations(names, 2)}

    def draw(fixed: Row) -> Row | None:
        for _ in range(500):
            row = {name: fixed.get(name, chance.choice(parameters[name])) for name in names}
            if valid(row):
                return row
        return None

    open_pairs = {(a, x, b, y): None for a, b in combinations(names, 2) for x in parameters[a] for y in parameters[b]}
    rows = []
    while open_pairs:
        a, x, b, y = next(iter(open_pairs))
        first = draw({a: x, b: y})
        if first is None:  # the two exclude each other
            del open_pairs[a, x, b, y]
            continue
        candidates = [first, *(draw({a: x, b: y}) or first for _ in range(20))]
        best = max(candidates, key=lambda row: sum(pair in open_pairs for pair in pairs(row)))
        rows.append(best)
        for pair in pairs(best):
            open_pairs.pop(pair, None)
    return rows
