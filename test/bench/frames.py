"""Frames that a page has shown: whether all four panels have voxels, and whether the picture is another one.

``python frames.py BLACK LEFT TOP RIGHT BOTTOM`` reads PNGs, each a line of base64, and writes a JSON of pairs. BLACK is
1 where voxels are all black, and nothing is asked of the 3-D panel. The others are where the panels are, as parts of
the page.
"""

import base64
import json
import sys

import imagecodecs
import numpy

#: Greys below the first are black; noise on structure has more greys than the second.
BLACK, GREYS = 8, 12


def has_voxels(panel: numpy.ndarray, is_black: bool) -> bool:
    red, green, blue = panel.reshape(-1, 3).T
    greys = red[(red == green) & (green == blue)]
    return (greys < BLACK).sum() > red.size / 2 if is_black else numpy.unique(greys).size > GREYS


def main() -> None:
    is_black = sys.argv[1] == "1"
    left, top, right, bottom = map(float, sys.argv[2:6])
    before = None
    found = []
    for line in sys.stdin:
        page = imagecodecs.png_decode(base64.b64decode(line))[..., :3]
        rows, columns = page.shape[:2]
        picture = page[int(top * rows) : int(bottom * rows), int(left * columns) : int(right * columns)]
        height, width = (length // 2 for length in picture.shape[:2])
        # The middle of each quarter.
        middle = [slice(length // 4, 3 * length // 4) for length in (height, width)]
        quarters = [picture[y : y + height, x : x + width][tuple(middle)] for y in (0, height) for x in (0, width)]
        asked = quarters[:3] if is_black else quarters
        is_first = all(has_voxels(quarter, is_black) for quarter in asked)
        found.append([bool(is_first), before is None or not numpy.array_equal(picture, before)])
        before = picture
    print(json.dumps(found))


if __name__ == "__main__":
    main()
