import type { RenderedPanel } from 'neuroglancer/unstable/display_context.js';
import { PerspectivePanel } from 'neuroglancer/unstable/perspective_view/panel.js';
import { SliceViewPanel } from 'neuroglancer/unstable/sliceview/panel.js';
import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import type { Grip, Region, Triple } from './region.ts';
import { dragged, isWhole, wholeOf } from './region.ts';

type Point = [x: number, y: number];
type Matrix = ArrayLike<number>;

/** Pixels from an edge within which it is taken hold of, and by which a click becomes a drag. */
const REACH = 6;
const STIR = 3;
/** Pixels of a side above which its middle has a handle. */
const ROOMY = 40;

const SVG = 'http://www.w3.org/2000/svg';
const shape = <K extends keyof SVGElementTagNameMap>(tag: K, className: string): SVGElementTagNameMap[K] => {
  const made = document.createElementNS(SVG, tag);
  made.setAttribute('class', className);
  return made;
};

/** Column by column, as WebGL has them. */
const transformed = (matrix: Matrix, [x, y, z]: readonly number[]): number[] =>
  [0, 1, 2, 3].map(row => matrix[row] * x + matrix[4 + row] * y + matrix[8 + row] * z + matrix[12 + row]);

/** Of a slice the axes (Z, Y, X) that go across and down in it, and the one that goes through it. */
interface Cut {
  across: number;
  down: number;
  through: number;
}

/** Part of a box that is seen in a slice, in pixels of its panel. */
interface Seen {
  cut: Cut;
  /** Left, top, right and bottom. */
  edges: [number, number, number, number];
  /** Along the axes across and down, the ends of the box at left and top. */
  sides: ['from' | 'to', 'from' | 'to'];
  isCut: boolean;
}

/** The drawing over one panel. */
interface Drawing {
  svg: SVGSVGElement;
  shade: SVGPathElement;
  box: SVGPathElement;
  grips: SVGPathElement;
}

/**
 * A box over the slices of a viewer, which is drawn, moved and changed by dragging, and its edges in 3-D. A voxel's
 * centre lies at its index in Neuroglancer's coordinates: a box reaches from half a voxel before its first.
 */
export class RegionOverlay {
  /** Whether dragging draws; else it moves the picture. */
  isDrawing = true;
  readonly #viewer: Viewer;
  readonly #shape: Triple;
  readonly #onDrag: (region: Region) => void;
  readonly #drawings = new Map<RenderedPanel, Drawing>();
  readonly #stage: HTMLElement;
  #region: Region | null = null;
  readonly #forget: () => void;
  #endDrag: (() => void) | null = null;

  /** `shape`: of the volume, whose axes x, y and z the viewer's first ones are. */
  constructor(viewer: Viewer, shape: Triple, onDrag: (region: Region) => void) {
    this.#viewer = viewer;
    this.#shape = shape;
    this.#onDrag = onDrag;
    this.#stage = viewer.display.container;
    // Before Neuroglancer, which would move the picture.
    this.#stage.addEventListener('mousedown', this.#onDown, true);
    this.#stage.addEventListener('mousemove', this.#onHover, true);
    this.#forget = viewer.display.updateFinished.add(() => this.draw());
  }

  get region(): Region | null {
    return this.#region;
  }

  set region(region: Region | null) {
    this.#region = region && !isWhole(region, this.#shape) ? region : null;
    this.draw();
  }

  dispose(): void {
    this.#endDrag?.();
    this.#forget();
    this.#stage.removeEventListener('mousedown', this.#onDown, true);
    this.#stage.removeEventListener('mousemove', this.#onHover, true);
    for (const { svg } of this.#drawings.values()) svg.remove();
  }

  draw(): void {
    const panels = [...this.#viewer.display.panels];
    for (const [panel, { svg }] of this.#drawings) {
      if (panels.includes(panel)) continue;
      svg.remove();
      this.#drawings.delete(panel);
    }
    for (const panel of panels) {
      if (panel instanceof SliceViewPanel) this.#drawSlice(panel);
      else if (panel instanceof PerspectivePanel) this.#drawVolume(panel);
    }
  }

  #drawingOf(panel: RenderedPanel): Drawing {
    let drawing = this.#drawings.get(panel);
    if (!drawing) {
      const [svg, shade] = [shape('svg', 'mct-Region'), shape('path', 'mct-Region-shade')];
      const [box, grips] = [shape('path', 'mct-Region-box'), shape('path', 'mct-Region-grips')];
      svg.setAttribute('aria-hidden', 'true');
      svg.append(shade, box, grips);
      panel.element.append(svg);
      drawing = { svg, shade, box, grips };
      this.#drawings.set(panel, drawing);
    }
    return drawing;
  }

  #drawSlice(panel: SliceViewPanel): void {
    const { shade, box, grips } = this.#drawingOf(panel);
    const seen = this.#seen(panel);
    if (!seen) {
      for (const path of [shade, box, grips]) path.setAttribute('d', '');
      return;
    }
    const [left, top, right, bottom] = seen.edges;
    const outline = `M${left} ${top}H${right}V${bottom}H${left}Z`;
    const { clientWidth: width, clientHeight: height } = panel.element;
    shade.setAttribute('d', `M0 0H${width}V${height}H0Z${seen.isCut ? outline : ''}`);
    box.setAttribute('d', outline);
    box.classList.toggle('mct-mod-beside', !seen.isCut);
    const along = (low: number, high: number): number[] =>
      high - low > ROOMY ? [low, (low + high) / 2, high] : [low, high];
    const middle: Point = [(left + right) / 2, (top + bottom) / 2];
    const places = along(left, right).flatMap(x => along(top, bottom).map((y): Point => [x, y]));
    const squares = places.filter(([x, y]) => x !== middle[0] || y !== middle[1]);
    grips.setAttribute('d', squares.map(([x, y]) => `M${x - 3} ${y - 3}h6v6h-6z`).join(''));
  }

  #drawVolume(panel: PerspectivePanel): void {
    const { box } = this.#drawingOf(panel);
    const region = this.#region;
    const { clientWidth: width, clientHeight: height } = panel.element;
    const matrix = panel.projectionParameters.value.viewProjectionMat;
    const place = (corner: number): Point | null => {
      const ends = [2, 1, 0].map((axis, n) => (corner & (1 << n) ? region!.to : region!.from)[axis] - 0.5);
      const [x, y, , w] = transformed(matrix, ends);
      return w > 0 ? [((x / w + 1) / 2) * width, ((1 - y / w) / 2) * height] : null;
    };
    const corners = region ? Array.from({ length: 8 }, (_, corner) => place(corner)) : [];
    const edges = corners.flatMap((from, corner) =>
      [1, 2, 4].flatMap(bit => {
        const to = corner & bit ? null : corners[corner | bit];
        return from && to ? [`M${from.join(' ')}L${to.join(' ')}`] : [];
      })
    );
    box.setAttribute('d', edges.join(''));
  }

  /** Null where the slice is askew. */
  #cutOf({ sliceView }: SliceViewPanel): Cut | null {
    const matrix: Matrix = sliceView.projectionParameters.value.viewMatrix;
    const along = [0, 1].map(row => [0, 1, 2].findIndex(column => isOnly(matrix, row, column)));
    if (along.includes(-1)) return null;
    const [across, down] = along.map(column => 2 - column);
    return { across, down, through: 3 - across - down };
  }

  #seen(panel: SliceViewPanel): Seen | null {
    const region = this.#region;
    const cut = this.#cutOf(panel);
    if (!region || !cut) return null;
    const { viewMatrix, globalPosition } = panel.sliceView.projectionParameters.value;
    const { clientWidth: width, clientHeight: height } = panel.element;
    const [[x, y], [x2, y2]] = [region.from, region.to].map(([z, y, x]) =>
      transformed(viewMatrix, [x - 0.5, y - 0.5, z - 0.5])
    );
    const [left, right] = [x, x2].sort((a, b) => a - b).map(at => at + width / 2);
    const [top, bottom] = [y, y2].sort((a, b) => a - b).map(at => at + height / 2);
    const at = globalPosition[2 - cut.through] + 0.5;
    return {
      cut,
      edges: [left, top, right, bottom],
      sides: [x <= x2 ? 'from' : 'to', y <= y2 ? 'from' : 'to'],
      isCut: at >= region.from[cut.through] && at < region.to[cut.through]
    };
  }

  /** Part of the box that the mouse takes hold of at a place of a panel; null where the slice is askew. */
  #gripAt(panel: SliceViewPanel, [x, y]: Point): Grip | null {
    const cut = this.#cutOf(panel);
    if (!cut) return null;
    const axes = [cut.across, cut.down];
    const seen = this.#seen(panel);
    if (!seen) return { kind: 'draw', axes };
    const [left, top, right, bottom] = seen.edges;
    const isNear = x > left - REACH && x < right + REACH && y > top - REACH && y < bottom + REACH;
    if (!isNear) return { kind: 'draw', axes };
    const other = { from: 'to', to: 'from' } as const;
    const sides = new Map<number, 'from' | 'to'>();
    // The nearer edge of a narrow box.
    const take = (axis: number, [low, high]: [number, number], at: number, side: 'from' | 'to'): void => {
      const [toLow, toHigh] = [Math.abs(at - low), Math.abs(at - high)];
      if (Math.min(toLow, toHigh) <= REACH) sides.set(axis, toLow < toHigh ? side : other[side]);
    };
    take(cut.across, [left, right], x, seen.sides[0]);
    take(cut.down, [top, bottom], y, seen.sides[1]);
    return sides.size > 0 ? { kind: 'resize', sides } : { kind: 'move', axes };
  }

  /** Where in the volume a place of a panel is, in voxels that begin at whole numbers. */
  #placeIn(panel: SliceViewPanel, [x, y]: Point): Triple {
    const { clientWidth, clientHeight } = panel.element;
    const { invViewMatrix } = panel.sliceView.projectionParameters.value;
    const place = transformed(invViewMatrix, [x - clientWidth / 2, y - clientHeight / 2, 0]);
    return [place[2] + 0.5, place[1] + 0.5, place[0] + 0.5];
  }

  #panelAt(event: MouseEvent): SliceViewPanel | null {
    const { target } = event;
    for (const panel of this.#viewer.display.panels)
      if (panel instanceof SliceViewPanel && target instanceof Node && panel.element.contains(target)) return panel;
    return null;
  }

  readonly #onHover = (event: MouseEvent): void => {
    const panel = this.#endDrag ? null : this.#panelAt(event);
    if (!panel) return;
    const grip = this.isDrawing ? this.#gripAt(panel, pointOf(panel, event)) : null;
    panel.element.style.cursor = grip ? this.#cursorOf(panel, grip) : '';
  };

  #cursorOf(panel: SliceViewPanel, grip: Grip): string {
    if (grip.kind !== 'resize') return grip.kind === 'draw' ? 'crosshair' : 'move';
    const seen = this.#seen(panel)!;
    const [across, down] = [grip.sides.get(seen.cut.across), grip.sides.get(seen.cut.down)];
    if (!across || !down) return across ? 'ew-resize' : 'ns-resize';
    return (across === seen.sides[0]) === (down === seen.sides[1]) ? 'nwse-resize' : 'nesw-resize';
  }

  readonly #onDown = (event: MouseEvent): void => {
    const panel = this.isDrawing && event.button === 0 ? this.#panelAt(event) : null;
    const grip = panel && this.#gripAt(panel, pointOf(panel, event));
    if (!panel || !grip) return;
    event.stopPropagation();
    event.preventDefault();
    panel.element.focus();
    const before = this.#region ?? wholeOf(this.#shape);
    const [x, y] = pointOf(panel, event);
    const start = this.#placeIn(panel, [x, y]);
    let isStirred = false;
    const onMove = (moved: MouseEvent): void => {
      const [toX, toY] = pointOf(panel, moved);
      isStirred ||= Math.hypot(toX - x, toY - y) > STIR;
      if (!isStirred) return;
      this.region = dragged(before, grip, start, this.#placeIn(panel, [toX, toY]), this.#shape);
      this.#onDrag(this.#region ?? wholeOf(this.#shape));
    };
    // Escape takes a drag back, and nothing else: before the dialog hears of it, which would close.
    const onKey = (pressed: KeyboardEvent): void => {
      if (pressed.key !== 'Escape') return;
      pressed.stopImmediatePropagation();
      pressed.preventDefault();
      end();
      if (!isStirred) return;
      this.region = before;
      this.#onDrag(before);
    };
    const end = (): void => {
      window.removeEventListener('mousemove', onMove, true);
      window.removeEventListener('mouseup', end, true);
      window.removeEventListener('keydown', onKey, true);
      this.#endDrag = null;
    };
    this.#endDrag = end;
    window.addEventListener('keydown', onKey, true);
    window.addEventListener('mousemove', onMove, true);
    window.addEventListener('mouseup', end, true);
  };
}

/** Whether `column` is the only one in a matrix's row that is not about 0. */
function isOnly(matrix: Matrix, row: number, column: number): boolean {
  const all = [0, 1, 2].map(each => Math.abs(matrix[each * 4 + row]));
  const most = Math.max(...all);
  return all[column] === most && all.every((value, each) => each === column || value < 1e-4 * most);
}

/** Where an event is in a panel, in its pixels. */
function pointOf({ element }: SliceViewPanel, { clientX, clientY }: MouseEvent): Point {
  const { left, top } = element.getBoundingClientRect();
  return [clientX - left - element.clientLeft, clientY - top - element.clientTop];
}
