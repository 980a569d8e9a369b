import type { Camera, Size } from './camera.ts';
import type { Chooser } from './choosing/chooser.ts';
import type { LayerLook } from './layers/layerLook.ts';
import type { GivenAlignment } from './measuring/alignments.ts';
import type { Pose } from './pose.ts';
import type { SavePicture } from './screenshot.ts';
import type { Sight } from './sight.ts';
import type { ViewerState } from './state/viewState.ts';
import type { Toolbar } from './toolbar.ts';
import type { ViewerSource } from './transport/source.ts';

export interface ViewerOptions {
  /** One OME-Zarr, or several that share a space. */
  source: ViewerSource | ViewerSource[];
  /** Ends the opening, which fails with its reason then. What is open stays so. */
  signal?: AbortSignal;
  /** Hears that a person is asked which image to show. */
  onChoice?: () => void;
  /** A state from `getState`; one that is not whole is laid over the first look. */
  state?: ViewerState;
  /** Numbers of sources that the state, which is whole, does not know yet: they are shown with what it has. */
  fresh?: readonly number[];
  /**
   * Source for the image that a person has chosen in `host`, of a source that holds several. Without it, such a source
   * is refused with their names.
   */
  imageIn?: (source: number, path: string) => Promise<ViewerSource>;
  /** Called when position, zoom, contrast or anything else of the state changes: often. */
  onState?: () => void;
  /** Called when the mouse moves to another place of the picture: often. */
  onPick?: () => void;
  /** Address, with a slash at the end, below which the page's own server has its files. */
  server?: string;
  /** An address that opens a view from `getState`; without it none is offered. */
  link?: (state: ViewerState) => Promise<string>;
  /** Keeps a picture in a file of its own beside the volume; answers with the file's path. */
  savePicture?: SavePicture;
  /**
   * Asks a person where the volume of a number is that is gone, and goes on there. Without it `whereTo` says what is to
   * be done.
   */
  find?: (number: number) => void;
  whereTo?: string;
  /** Where it is: in a notebook there is less room. `tab` by default. */
  place?: 'tab' | 'notebook';
  /** Chooser on the picture, in place of the toolbar. */
  chooser?: Chooser;
}

/** A viewer in an element, until it is disposed of. */
export interface ViewerHandle {
  /** Neuroglancer's state as JSON, whole; addresses in it hold in other pages and sessions too. */
  getState(): ViewerState;
  /**
   * Puts a state from `getState` in place of the present one; one that is not whole is laid over the first look. A
   * state that cannot be taken is reported.
   */
  setState(state: ViewerState): void;
  /** A viewer that is not visible fetches and draws nothing. */
  setVisible(visible: boolean): void;
  /** Reads everything again. */
  reload(): void;
  /** Looks whether the volumes are still those that are shown, and shows those that are there now. */
  check(): void;
  /**
   * Shows another volume over those that are there.
   *
   * @throws Error as `createViewer` does; what is shown stays as it was
   */
  add(source: ViewerSource): Promise<void>;
  /**
   * Shows, in the place of the volume of a number, another one that was made of it, at the same place, zoom and
   * contrast, and says `note`.
   *
   * @throws Error as `createViewer` does; what is shown stays as it was
   */
  exchange(number: number, source: ViewerSource, note: string): Promise<void>;
  /**
   * Goes on showing volumes, by their numbers, where they are now, under the names that they have there.
   *
   * @throws Error as `createViewer` does; what is shown stays as it was
   */
  rename(moved: ReadonlyMap<number, ViewerSource>): Promise<void>;
  /** Names of the volumes. */
  readonly names: string[];
  /** Position and zoom; null while there is no WebGL context. */
  pose: Pose | null;
  /** Properties that programs read and set, in voxels of the first volume; null while there is no WebGL context. */
  readonly sight: Sight | null;
  /** Copy of the present picture, without the bars around it; null where nothing is drawn. */
  snapshot(): HTMLCanvasElement | null;
  /** Whether everything to be drawn is there. */
  readonly isWhole: boolean;
  /** Takes pictures of this view and others in a size of their own. */
  camera(size: Size): Camera;
  /** A state, or what it changes of the present one, as a camera takes it. */
  complete(state: ViewerState): ViewerState;
  /** How each volume looks that was given or added, in this order; null of one that no layer shows. */
  readonly looks: (LayerLook | null)[];
  /** Changes how the volume of a number looks. */
  setLook(number: number, look: LayerLook): void;
  /** Shows the volume of a number where a program wants it. */
  align(number: number, alignment: GivenAlignment): void;
  /** Does what a control of the toolbar does. */
  readonly toolbar: Pick<
    Toolbar,
    | 'autoContrast'
    | 'invert'
    | 'renderVolume'
    | 'measure'
    | 'listMeasurements'
    | 'listSegments'
    | 'measurements'
    | 'copyLink'
    | 'editState'
    | 'takeScreenshot'
    | 'showAlignment'
  >;
  dispose(): void;
}
