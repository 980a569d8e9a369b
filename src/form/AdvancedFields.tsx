import * as React from 'react';
import type { DescribedBy, Downsampling, Orientation, Palette, VolumeInfo, ZAxis } from '../protocol/index.ts';
import { SHOWN_DEFAULTS, UNIT_NAMES, UNITS } from './choices.ts';
import { labelOf } from '../model/option-table.ts';
import {
  DEFAULT_OPTIONS,
  CHECKSUMS,
  DOWNSAMPLINGS,
  ORIENTATIONS,
  PALETTES,
  Z_AXES,
  DESCRIBED_BY
} from '../model/options.ts';
import { AxesInput, Field, SelectInput, TextInput } from './Field.tsx';
import type { Field as FieldName, FieldErrors, FormValues, Marks } from './values.ts';
import { unitOf } from './values.ts';

const FOLDED = [
  'slices',
  'image',
  'describedBy',
  'zAxis',
  'palette',
  'orientation',
  'channel',
  'shard',
  'checksum',
  'downsample',
  'labels',
  'parent',
  'at',
  'voxelSize',
  'unit',
  'jobs'
] as const;

const DOWNSAMPLING_NAMES: Record<Downsampling, string> = {
  mean: 'mean',
  mode: 'most frequent value',
  max: 'greatest value',
  nearest: 'first voxel'
};

const DESCRIBED_BY_NAMES: Record<DescribedBy, string> = {
  auto: 'the first there is',
  ome: 'OME-XML',
  imagej: 'ImageJ',
  tifffile: 'tifffile',
  scifio: 'SCIFIO',
  none: 'nothing'
};
const PALETTE_NAMES: Record<Palette, string> = {
  apply: 'its colours or greys',
  ignore: 'the numbers that are stored'
};
const ORIENTATION_NAMES: Record<Orientation, string> = {
  ignore: 'rows and columns as stored',
  apply: 'rows and columns turned'
};

const Z_AXIS_NAMES: Record<ZAxis, string> = {
  auto: 'what the file calls so',
  c: 'its channels',
  t: 'its time points',
  samples: 'the samples of its pixels'
};

/** `0 DAPI, 1 GFP`: which numbers stand for what. */
function channelHint(info: VolumeInfo | null): string {
  const names = info?.channels?.map(({ name }, number) => `${number} ${name}`).join(', ');
  return names ? `Empty: all of ${names}.` : 'Which samples of each pixel, from 0.';
}

/** Stands for the empty choice, and is never chosen itself. */
const AS_SOURCE = 'source';

/** Fields that few conversions need: folded away, unless something is wrong in them. */
export function AdvancedFields(props: {
  values: FormValues;
  errors: FieldErrors;
  marks: Marks;
  /** Fields by which a problem can be solved. */
  wanted: ReadonlySet<FieldName>;
  info: VolumeInfo | null;
  onChange: (change: Partial<FormValues>) => void;
}): React.ReactElement {
  const { values, errors, marks, wanted, info, onChange } = props;
  const [isOpen, setOpen] = React.useState(false);
  const hasError = FOLDED.some(field => errors[field] || wanted.has(field));
  React.useEffect(() => {
    if (hasError) {
      setOpen(true);
    }
  }, [hasError]);
  return (
    <details
      className="mct-Advanced mct-mod-wide"
      open={isOpen || hasError}
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>Slices, channels, shards, checksums, labels, voxel size, workers</summary>
      <div className="mct-ConvertForm-fields">
        {(info?.format === 'slices' || values.slices !== '' || errors.slices || wanted.has('slices')) && (
          <Field
            label={labelOf('slices')}
            error={errors.slices}
            hint="A pattern of names, or a range of the numbers in them. Empty: all."
            wide
          >
            {control => (
              <TextInput
                control={control}
                value={values.slices}
                placeholder="rec_*.tif or 100-899"
                onChange={slices => onChange({ slices })}
              />
            )}
          </Field>
        )}
        {(values.image !== '' || errors.image || wanted.has('image')) && (
          <Field
            label={labelOf('image')}
            error={errors.image}
            hint="Which of several images of the file: its number, from 0, or its name."
            wide
          >
            {control => (
              <TextInput
                control={control}
                value={values.image}
                placeholder="0"
                onChange={image => onChange({ image })}
              />
            )}
          </Field>
        )}
        {(values.describedBy !== '' || errors.describedBy || wanted.has('describedBy')) && (
          <Field
            label={labelOf('describedBy')}
            error={errors.describedBy}
            hint="Where descriptions in the file differ, or one is wrong."
          >
            {control => (
              <SelectInput
                control={control}
                value={values.describedBy}
                choices={DESCRIBED_BY}
                names={DESCRIBED_BY_NAMES}
                standard={DEFAULT_OPTIONS.describedBy}
                onChange={describedBy => onChange({ describedBy })}
              />
            )}
          </Field>
        )}
        {(info?.channels ||
          info?.axes.startsWith('t') ||
          values.zAxis !== '' ||
          errors.zAxis ||
          errors.channel ||
          wanted.has('zAxis')) && (
          <Field label={labelOf('zAxis')} error={errors.zAxis}>
            {control => (
              <SelectInput
                control={control}
                value={values.zAxis}
                choices={Z_AXES}
                names={Z_AXIS_NAMES}
                standard={DEFAULT_OPTIONS.zAxis}
                onChange={zAxis => onChange({ zAxis })}
              />
            )}
          </Field>
        )}
        {(info?.channels || values.palette !== '' || errors.palette || errors.channel || wanted.has('palette')) && (
          <Field label={labelOf('palette')} error={errors.palette} hint="Of pixels that are indices into one.">
            {control => (
              <SelectInput
                control={control}
                value={values.palette}
                choices={PALETTES}
                names={PALETTE_NAMES}
                standard={DEFAULT_OPTIONS.palette}
                onChange={palette => onChange({ palette })}
              />
            )}
          </Field>
        )}
        <Field label={labelOf('orientation')} error={errors.orientation}>
          {control => (
            <SelectInput
              control={control}
              value={values.orientation}
              choices={ORIENTATIONS}
              names={ORIENTATION_NAMES}
              standard={DEFAULT_OPTIONS.orientation}
              onChange={orientation => onChange({ orientation })}
            />
          )}
        </Field>
        {(info?.channels || values.channel !== '' || errors.channel || wanted.has('channel')) && (
          <Field label={labelOf('channel')} error={errors.channel} hint={channelHint(info)} wide>
            {control => (
              <TextInput
                control={control}
                value={values.channel}
                placeholder="all, or numbers such as 0, 2"
                onChange={channel => onChange({ channel })}
              />
            )}
          </Field>
        )}
        <Field label={labelOf('downsample')} error={errors.downsample}>
          {control => (
            <SelectInput
              control={control}
              value={values.downsample}
              choices={DOWNSAMPLINGS}
              names={DOWNSAMPLING_NAMES}
              standard={values.labels ? 'mode' : 'mean'}
              onChange={downsample => onChange({ downsample })}
            />
          )}
        </Field>
        <Field label={labelOf('labels')} error={errors.labels}>
          {control => (
            <label className="mct-ConvertForm-check">
              <input
                {...control}
                type="checkbox"
                checked={values.labels}
                onChange={event => onChange({ labels: event.target.checked, parent: '', at: ['', '', ''] })}
              />
              Voxels are labels, kept as they are
            </label>
          )}
        </Field>
        <Field
          label={labelOf('checksum')}
          error={errors.checksum}
          hint="Behind each chunk, so that readers find what was damaged. From OME-Zarr 0.5 on."
        >
          {control => (
            <SelectInput
              control={control}
              value={values.checksum}
              choices={CHECKSUMS}
              standard={DEFAULT_OPTIONS.checksum}
              onChange={checksum => onChange({ checksum })}
            />
          )}
        </Field>
        {values.labels && (
          <Field
            label={labelOf('parent')}
            error={errors.parent}
            hint="Path of an OME-Zarr: the labels are written into it. Empty: an OME-Zarr of their own."
            wide
          >
            {control => (
              <TextInput
                control={control}
                value={values.parent}
                placeholder="scan.ome.zarr"
                onChange={parent => onChange({ parent })}
              />
            )}
          </Field>
        )}
        {values.labels && values.parent.trim() !== '' && (
          <Field
            label={`${labelOf('at')} (Z, Y, X)`}
            error={errors.at}
            hint="The voxel of the image at which labels of a part of it begin. Empty: they fill the image."
            wide
          >
            {control => (
              <AxesInput
                control={control}
                name={labelOf('at')}
                marked={marks.at}
                value={values.at}
                onChange={at => onChange({ at })}
              />
            )}
          </Field>
        )}
        <Field
          label={`${labelOf('shard')} (Z, Y, X)`}
          error={errors.shard}
          hint="Multiples of the chunk size: fewer, larger files. Empty: no shards."
          wide
        >
          {control => (
            <AxesInput
              control={control}
              name={labelOf('shard')}
              marked={marks.shard}
              value={values.shard}
              onChange={shard => onChange({ shard })}
            />
          )}
        </Field>
        <Field
          label={`${labelOf('voxelSize')} (Z, Y, X)`}
          error={errors.voxelSize}
          hint={info && !info.voxelSize ? 'The source does not say.' : 'In place of what the source says.'}
        >
          {control => (
            <AxesInput
              control={control}
              name={labelOf('voxelSize')}
              marked={marks.voxelSize}
              value={values.voxelSize}
              placeholder={info?.voxelSize ?? undefined}
              onChange={voxelSize => onChange({ voxelSize, unit: unitOf(voxelSize, values.unit, info?.unit ?? null) })}
            />
          )}
        </Field>
        <Field label={labelOf('unit')} error={errors.unit}>
          {control => (
            <SelectInput
              control={control}
              value={values.unit}
              choices={UNITS.includes(values.unit) || values.unit === '' ? UNITS : [...UNITS, values.unit]}
              names={{ ...UNIT_NAMES, [AS_SOURCE]: `as the source: ${info?.unit ?? 'unknown'}` }}
              standard={AS_SOURCE}
              onChange={unit => onChange({ unit })}
            />
          )}
        </Field>
        <Field label={labelOf('jobs')} error={errors.jobs}>
          {control => (
            <TextInput
              control={control}
              numeric
              value={values.jobs}
              placeholder={SHOWN_DEFAULTS.jobs}
              onChange={jobs => onChange({ jobs })}
            />
          )}
        </Field>
      </div>
    </details>
  );
}
