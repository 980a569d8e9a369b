/** Shaders that show the values of an image layer in colours. */

/** Colour maps to choose from, in the order of the list, with their names. */
export const COLOUR_MAPS = {
  grey: 'Grey',
  colour: 'One colour',
  viridis: 'Viridis',
  magma: 'Magma',
  fire: 'Fire',
  labels: 'Label colours'
} as const;
export type ColourMap = keyof typeof COLOUR_MAPS;

/** Evenly spaced colours, between which is mixed: Matplotlib's viridis and magma, and ImageJ's fire. */
const STOPS: Partial<Record<ColourMap, string>> = {
  viridis:
    '440154 481a6c 472f7d 414487 39568c 31688e 2a788e 23888e 1f988b 22a884 35b779 54c568 7ad151 a5db36 d2e21b fde725',
  magma:
    '000004 0b0924 20114b 3b0f70 57157e 721f81 8c2981 a8327d c43c75 de4968 f1605d fa7f5e fe9f6d febf84 fddea0 fcfdbf',
  fire: '000000 030062 3400a9 6700dd 9600ca b1008d c80651 df2d15 f65b00 ff7f00 ff9c00 ffba00 ffd800 fff61e ffff9c ffffff'
};

/** The control of contrast, which all the shaders have, so that a range outlives the choice of another map. */
const RANGE = '#uicontrol invlerp normalized\n';

/** In the volume's picture a voxel is as solid as it is bright; in a slice all are. */
const SOLIDITY = 'VOLUME_RENDERING ? value : 1.0';

export const GREY = `${RANGE}void main() {\n  emitGrayscale(normalized());\n}\n`;
export const COLOURED = `${RANGE}#uicontrol vec3 color color
void main() {
  float value = normalized();
  emitRGBA(vec4(VOLUME_RENDERING ? color : color * value, ${SOLIDITY}));
}
`;

/** A voxel's number as an unsigned integer, by the type that Neuroglancer has of it. */
const number = (dtype: string): string => {
  if (dtype === 'uint64') return 'getDataValue().value[0]';
  return dtype === 'float32' ? 'uint(int(round(getDataValue())))' : 'uint(toRaw(getDataValue()))';
};

/** The shader of a map for voxels of a type. */
export function shaderOf(map: ColourMap, dtype: string): string {
  if (map === 'grey') return GREY;
  if (map === 'colour') return COLOURED;
  if (map === 'labels') {
    return `${RANGE}void main() {
  uint n = ${number(dtype)};
  if (n == 0u) {
    emitTransparent();
    return;
  }
  n = (n ^ (n >> 16)) * 0x7feb352du;
  n = (n ^ (n >> 15)) * 0x846ca68bu;
  n ^= n >> 16;
  vec3 hue = abs(fract(float(n & 0xffffu) / 65536.0 + vec3(0.0, 2.0, 1.0) / 3.0) * 6.0 - 3.0) - 1.0;
  float light = 0.6 + float((n >> 16) & 0xffu) / 640.0;
  emitRGBA(vec4(light * mix(vec3(1.0), clamp(hue, 0.0, 1.0), 0.75), 1.0));
}
`;
  }
  const stops = STOPS[map]!.split(' ').map(stop => {
    const parts = [0, 2, 4].map(at => (parseInt(stop.slice(at, at + 2), 16) / 255).toFixed(3));
    return `vec3(${parts.join(', ')})`;
  });
  const last = stops.length - 1;
  return `${RANGE}const vec3 STOPS[${stops.length}] = vec3[${stops.length}](
  ${stops.join(',\n  ')}
);
void main() {
  float value = normalized();
  float at = value * ${last}.0;
  int n = int(min(at, ${last - 1}.0));
  emitRGBA(vec4(mix(STOPS[n], STOPS[n + 1], at - float(n)), ${SOLIDITY}));
}
`;
}

/** The map that a shader is; null for one that a person has written. */
export function mapOf(shader: string, dtype: string): ColourMap | null {
  const maps = Object.keys(COLOUR_MAPS) as ColourMap[];
  return maps.find(map => shaderOf(map, dtype).trim() === shader.trim()) ?? null;
}
