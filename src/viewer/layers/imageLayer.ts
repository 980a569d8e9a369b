import type { DisplayContext } from 'neuroglancer/unstable/display_context.js';
import type { UserLayer } from 'neuroglancer/unstable/layer/index.js';
import type { TrackableValue } from 'neuroglancer/unstable/trackable_value.js';
import { DataType } from 'neuroglancer/unstable/util/data_type.js';
import type { Viewer } from 'neuroglancer/unstable/viewer.js';
import { WatchableVisibilityPriority } from 'neuroglancer/unstable/visibility_priority/frontend.js';
import { VolumeRenderingModes } from 'neuroglancer/unstable/volume_rendering/trackable_volume_rendering_mode.js';
import type { HistogramSpecifications } from 'neuroglancer/unstable/webgl/empirical_cdf.js';
import { copyHistogramToCPU } from 'neuroglancer/unstable/webgl/empirical_cdf.js';
import type { Json } from '../../model/json.ts';
import type { ColourMap } from '../state/colourMaps.ts';
import { mapOf, shaderOf } from '../state/colourMaps.ts';
import { LIMITS } from '../volume/limits.ts';
import { stepTowardsPercentiles } from './percentilesInView.ts';

type Bound = number | bigint;
interface Contrast {
  range: [Bound, Bound];
  window: [Bound, Bound];
}
/** Members of Neuroglancer's layer of an image that are used here; it comes without declarations. */
interface ImageUserLayer extends UserLayer {
  opacity: TrackableValue<number>;
  blendMode: TrackableValue<number>;
  fragmentMain: TrackableValue<string>;
  volumeRenderingMode: TrackableValue<number>;
  volumeRenderingGain: TrackableValue<number>;
  volumeRenderingDepthSamplesTarget: TrackableValue<number>;
  dataType: { value: DataType | undefined };
  shaderControlState: {
    state: Map<string, { control: { type: string }; trackable: TrackableValue<Contrast> }>;
    histogramSpecifications: HistogramSpecifications;
    toJSON(): Json | undefined;
    restoreState(json: unknown): void;
  };
  getLegendShaderOptions(): unknown;
}

/** How a volume is drawn in 3-D, and what the choice is called. */
export const VOLUME_RENDERING = { off: 'Slices', max: 'Maximum', min: 'Minimum', on: 'Translucent' } as const;
export type VolumeRendering = keyof typeof VOLUME_RENDERING;

/** Looks of a layer that are kept under a name. */
export interface Look {
  shader: string;
  controls: Json;
}

/** Milliseconds until what is in view must have been drawn. */
const PATIENCE = 5000;
/** Histograms that are taken at most. */
const MOST_STEPS = 16;

/** Samples along a ray: where the processor draws, and on a graphics card at most. */
const FEW_SAMPLES = 64;
const MANY_SAMPLES = 256;

/** Neuroglancer's control of the contrast, and what its histogram is drawn of. */
export interface ContrastControl {
  trackable: TrackableValue<Contrast>;
  dataType: DataType;
  histograms: HistogramSpecifications;
  index: number;
  legend: unknown;
}

/** A layer that shows an image, as the toolbar changes it. */
export class ImageLayer {
  readonly #viewer: Viewer;
  readonly #layer: ImageUserLayer;

  constructor(viewer: Viewer, layer: UserLayer) {
    this.#viewer = viewer;
    this.#layer = layer as ImageUserLayer;
  }

  get name(): string {
    return this.#layer.managedLayer.name;
  }

  /** Empty until the layer's metadata is there. */
  get dtype(): string {
    const { value } = this.#layer.dataType;
    return value === undefined ? '' : DataType[value].toLowerCase();
  }

  /** Null of a layer whose shader has none. */
  get contrast(): ContrastControl | null {
    const { dataType, shaderControlState } = this.#layer;
    if (dataType.value === undefined) return null;
    const counted = [...shaderControlState.state.values()].filter(({ control }) =>
      ['imageInvlerp', 'transferFunction'].includes(control.type)
    );
    const index = counted.findIndex(({ control }) => control.type === 'imageInvlerp');
    if (index < 0) return null;
    return {
      trackable: counted[index].trackable,
      dataType: dataType.value,
      histograms: shaderControlState.histogramSpecifications,
      index,
      legend: this.#layer.getLegendShaderOptions()
    };
  }

  /** Swaps black and white. */
  invert(): void {
    const trackable = this.contrast?.trackable;
    if (!trackable) return;
    const { range, ...rest } = trackable.value;
    trackable.value = { ...rest, range: [range[1], range[0]] };
  }

  /**
   * Sets black and white to percentiles of what is in view.
   *
   * @throws Error with what stands in the way
   */
  async autoContrast(): Promise<void> {
    const { contrast, dtype } = this;
    if (contrast === null)
      throw new Error(`${this.name} has no contrast to be set: its shader has no invlerp control.`);
    if (dtype === 'uint64') throw new Error(`${this.name}: of uint64 voxels the contrast is set by hand.`);
    const { trackable, histograms, index } = contrast;
    const { display } = this.#viewer;
    const before = trackable.value;
    const isInverted = before.range[0] > before.range[1];
    const limits = LIMITS[dtype] ?? null;
    const stop = histograms.visibility.add(new WatchableVisibilityPriority(WatchableVisibilityPriority.VISIBLE));
    try {
      let window = limits ?? (before.window.map(Number) as [number, number]);
      let range: [number, number] | null = null;
      for (let steps = 0; steps < MOST_STEPS; steps++) {
        trackable.value = { ...trackable.value, window };
        await drawn(display);
        histograms.getFramebuffers(display.gl)[index].bind(256, 1);
        const step = stepTowardsPercentiles(copyHistogramToCPU(display.gl), window, limits);
        if (step === null) break;
        ({ window, range } = step);
        if (step.done) break;
      }
      if (range === null)
        throw new Error(`Nothing of ${this.name} is in view yet: wait until it is drawn, and try again.`);
      const [low, high] = before.window.map(Number);
      // Handles that lie close together cannot be taken hold of.
      const wide = high - low > 50 * (range[1] - range[0]);
      const around: [number, number] = wide
        ? [2 * range[0] - range[1], 2 * range[1] - range[0]]
        : [Math.min(low, range[0]), Math.max(high, range[1])];
      if (limits) [around[0], around[1]] = [Math.max(limits[0], around[0]), Math.min(limits[1], around[1])];
      trackable.value = { ...before, range: isInverted ? [range[1], range[0]] : range, window: around };
    } catch (error) {
      trackable.value = before;
      throw error;
    } finally {
      stop();
    }
  }

  /** Null where the shader is a person's own. */
  get colourMap(): ColourMap | null {
    return mapOf(this.#layer.fragmentMain.value, this.dtype);
  }

  set colourMap(map: ColourMap) {
    this.#layer.fragmentMain.value = shaderOf(map, this.dtype);
  }

  /** The one colour of a shader that has one, as #rrggbb. */
  get colour(): string | null {
    const { state } = this.#layer.shaderControlState;
    return state.get('color')?.control.type === 'color' ? this.#colour : null;
  }

  set colour(colour: string) {
    this.#layer.shaderControlState.state.get('color')?.trackable.restoreState(colour);
  }

  get #colour(): string {
    const json = this.#layer.shaderControlState.toJSON() ?? {};
    return typeof json.color === 'string' ? json.color : '#ffffff';
  }

  get opacity(): number {
    return this.#layer.opacity.value;
  }

  set opacity(opacity: number) {
    this.#layer.opacity.value = opacity;
  }

  /** Whether its light is added to that of the layers below. */
  get isAdded(): boolean {
    return this.#layer.blendMode.value === 1;
  }

  set isAdded(isAdded: boolean) {
    this.#layer.blendMode.value = isAdded ? 1 : 0;
  }

  get volumeRendering(): VolumeRendering {
    return VolumeRenderingModes[this.#layer.volumeRenderingMode.value].toLowerCase() as VolumeRendering;
  }

  set volumeRendering(mode: VolumeRendering) {
    if (mode !== 'off' && this.volumeRendering === 'off') {
      this.#layer.volumeRenderingDepthSamplesTarget.value = this.#samples();
    }
    this.#layer.volumeRenderingMode.restoreState(mode);
  }

  get gain(): number {
    return this.#layer.volumeRenderingGain.value;
  }

  set gain(gain: number) {
    this.#layer.volumeRenderingGain.value = gain;
  }

  /** Samples along a ray: so many that the voxels they need fill half of the memory that the graphics may have. */
  #samples(): number {
    const { gl, chunkQueueManager } = this.#viewer as unknown as {
      gl: WebGL2RenderingContext;
      chunkQueueManager: { capacities: { gpuMemory: { sizeLimit: { value: number } } } };
    };
    const info = gl.getExtension('WEBGL_debug_renderer_info');
    const renderer = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
    if (/swiftshader|llvmpipe|software|basic render/i.test(renderer)) return FEW_SAMPLES;
    const bytes = Number(/\d+$/.exec(this.dtype)?.[0] ?? 8) / 8;
    const room = Math.cbrt(chunkQueueManager.capacities.gpuMemory.sizeLimit.value / 2 / bytes);
    return Math.max(FEW_SAMPLES, Math.min(MANY_SAMPLES, Math.floor(room)));
  }

  get look(): Look {
    return { shader: this.#layer.fragmentMain.value, controls: this.#layer.shaderControlState.toJSON() ?? {} };
  }

  set look({ shader, controls }: Look) {
    this.#layer.fragmentMain.value = shader;
    this.#layer.shaderControlState.restoreState(controls);
  }
}

/** The layers that show images, in the order in which they are laid over each other. */
export const imageLayersOf = (viewer: Viewer): ImageLayer[] =>
  viewer.layerManager.managedLayers.flatMap(({ layer }) =>
    layer?.type === 'image' ? [new ImageLayer(viewer, layer)] : []
  );

/** Waits until a viewer has been drawn anew. */
function drawn(display: DisplayContext): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      forget();
      reject(new Error('The picture has not been drawn: bring the viewer into sight, and try again.'));
    }, PATIENCE);
    const forget = display.updateFinished.add(() => {
      clearTimeout(late);
      forget();
      resolve();
    });
    display.scheduleRedraw();
  });
}
