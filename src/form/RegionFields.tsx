import * as React from 'react';
import type { Shape } from '../protocol/index.ts';
import { AxesInput, Field } from './Field.tsx';
import type { FormValues } from './values.ts';

/** The two ends of the region; an error is shown at the end that it concerns. */
export function RegionFields(props: {
  values: FormValues;
  error?: string;
  marked?: readonly number[];
  shape: Shape | null;
  onChange: (change: Partial<FormValues>) => void;
  /** Other controls to choose the region by. */
  children: React.ReactNode;
}): React.ReactElement {
  const { values, error, marked = [], shape, onChange } = props;
  const isEnd = marked.length > 0 && marked.every(at => at % 2 === 1);
  const axesOf = (odd: number): number[] => marked.filter(at => at % 2 === odd).map(at => Math.floor(at / 2));
  return (
    <div className="mct-Region-fields mct-mod-wide">
      <Field label="Region, from (Z, Y, X)" error={isEnd ? undefined : error}>
        {control => (
          <AxesInput
            control={control}
            name="Region, first voxel"
            marked={axesOf(0)}
            value={values.roiFrom}
            placeholder={[0, 0, 0]}
            onChange={roiFrom => onChange({ roiFrom })}
          />
        )}
      </Field>
      <Field label="to, not included (Z, Y, X)" error={isEnd ? error : undefined}>
        {control => (
          <AxesInput
            control={control}
            name="Region, voxel after the last"
            marked={axesOf(1)}
            value={values.roiTo}
            placeholder={shape ?? undefined}
            onChange={roiTo => onChange({ roiTo })}
          />
        )}
      </Field>
      {props.children}
    </div>
  );
}
