// Neuroglancer writes SI prefixes before units that are not there: 0.75 of nothing is "750 m". Axes without a unit are
// measured in voxels.
import { preferredSiPrefixes } from 'neuroglancer/unstable/util/si_units.js';
import { MultipleScaleBarTextures, ScaleBarDimensions } from 'neuroglancer/unstable/widget/scale_bar.js';

const VOXELS = 'voxels';

const { draw } = MultipleScaleBarTextures.prototype;
MultipleScaleBarTextures.prototype.draw = function (viewport, info, relative, ...rest) {
  const { displayDimensionUnits: units, displayDimensionScales: scales, displayDimensionIndices: indices } = info;
  const isBare = (_: unknown, i: number): boolean => units[i] === '';
  // Axes with one factor share a bar: those whose voxels are equally long on the screen.
  const factors = relative.factors.slice();
  indices.forEach((dimension, i) => {
    if (dimension >= 0 && isBare(dimension, i)) factors[dimension] = info.canonicalVoxelFactors[i];
  });
  draw.call(
    this,
    viewport,
    {
      ...info,
      displayDimensionUnits: units.map((unit, i) => (isBare(unit, i) ? VOXELS : unit)),
      displayDimensionScales: scales.map((scale, i) => (isBare(scale, i) ? 1 : scale))
    },
    { ...relative, factors },
    ...rest
  );
};

const { update } = ScaleBarDimensions.prototype;
ScaleBarDimensions.prototype.update = function (): boolean {
  const isChanged = update.call(this);
  if (isChanged && this.physicalBaseUnit === VOXELS) {
    const { exponent = 0 } = preferredSiPrefixes.find(({ prefix }) => this.physicalUnit === prefix + VOXELS) ?? {};
    this.physicalLength = Number((this.physicalLength * 10 ** exponent).toPrecision(3));
    this.physicalUnit = this.physicalLength === 1 ? 'voxel' : VOXELS;
  }
  return isChanged;
};
