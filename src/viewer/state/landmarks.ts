/** Prefix of the names of layers of landmarks; the volume's name follows. */
const LANDMARKS = 'landmarks of ';

export const landmarksOf = (volume: string): string => LANDMARKS + volume;

export const isLandmarks = (layer: string): boolean => layer.startsWith(LANDMARKS);

/** Names of the volume that is aligned, and of the one to which. */
export type Chosen = { moving: string; fixed: string };

/** The same, where volumes have other names now: the new ones by the old. */
export const chosenAfter = ({ moving, fixed }: Chosen, moves: ReadonlyMap<string, string>): Chosen => {
  const called = (name: string): string => moves.get(name) ?? name;
  return { moving: called(moving), fixed: called(fixed) };
};
