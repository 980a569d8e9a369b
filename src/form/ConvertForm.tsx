import * as React from 'react';
import type { ConvertOptions, Failure, Shape, Source } from '../protocol/index.ts';
import { AdvancedFields } from './AdvancedFields.tsx';
import { ChoosePicture } from './ChoosePicture.tsx';
import { SHOWN_DEFAULTS } from './choices.ts';
import { labelOf } from '../model/option-table.ts';
import { DEFAULT_OPTIONS, COMPRESSIONS, OME_ZARR_VERSIONS, OUTPUT_DTYPES, readingIn } from '../model/options.ts';
import { describeSource } from './describe.ts';
import { AxesInput, Field, SelectInput, TextInput, element } from './Field.tsx';
import { defaultOutputName } from './output.ts';
import type { Choice, ShowPicture } from './picture.ts';
import { choiceOf, regionFields } from './picture.ts';
import type { Planner } from './planner.ts';
import { PlanView, SourceFacts } from './PlanView.tsx';
import type { Planned } from './resume.ts';
import { RegionFields } from './RegionFields.tsx';
import { refusalOf } from './resume.ts';
import { ResumeChoice } from './ResumeChoice.tsx';
import type { Field as FieldName, FieldErrors, FormValues, Marks } from './values.ts';
import { EMPTY_VALUES, readValues, takesRange } from './values.ts';
import type { PlanState } from './watcher.ts';
import { NOTHING_YET, PlanWatcher } from './watcher.ts';

/** Result of the form so far. */
export interface Draft {
  /** Options in the fields. */
  options: Partial<ConvertOptions>;
  /** Plan that can be started: for these options, with whether to resume decided; null while there is none for them. */
  planned: Planned | null;
  /** Why there can be none, though all fields can be read. */
  failure: Failure | null;
}

export interface ConvertFormProps {
  planner: Planner;
  source: Source;
  /** Values to begin with in place of empty fields. */
  initial?: Partial<FormValues>;
  /**
   * The options are for several sources, of which this is the first: each output gets its default name, and whether to
   * resume is not chosen here.
   */
  shared?: boolean;
  /** Output of this one of several sources; its default without it. */
  output?: string;
  /** Something to say that no plan foresaw, such as why starting failed. */
  failure?: string | null;
  disabled?: boolean;
  /** Shows the source, to choose on it; without it nothing of that is offered. */
  showPicture?: ShowPicture;
  onChange: (draft: Draft) => void;
}

/**
 * The form of a conversion: what the source is, what can be chosen, and what will come of it. It knows nothing of where
 * it is shown, and begins anew when its `key` changes.
 */
export function ConvertForm(props: ConvertFormProps): React.ReactElement {
  const { planner, source, onChange } = props;
  const [values, setValues] = React.useState<FormValues>(() => ({
    ...EMPTY_VALUES,
    output: props.shared ? '' : defaultOutputName(source),
    ...props.initial
  }));
  const isShared = props.shared ?? false;
  const [state, setState] = React.useState<PlanState>(NOTHING_YET);
  const watcher = React.useRef<PlanWatcher | null>(null);
  const info = state.info ?? state.planned?.plan ?? null;
  const shape = React.useMemo(() => (info ? (info.shape.slice(-3) as Shape) : null), [info]);
  const read = React.useMemo(() => readValues(values, source, shape, isShared), [values, source, shape, isShared]);
  const isReadable = Object.keys(read.errors).length === 0;
  const asked = JSON.stringify(props.output === undefined ? read.options : { ...read.options, output: props.output });

  React.useEffect(() => {
    const made = new PlanWatcher(planner, source, setState);
    watcher.current = made;
    return () => made.dispose();
  }, [planner, source]);

  // Also while a field cannot be read: other errors are shown along with its own.
  React.useEffect(() => {
    watcher.current?.ask(JSON.parse(asked) as Partial<ConvertOptions>);
  }, [planner, source, asked]);

  const current = isReadable && !state.pending && !state.failure && state.plannedFor === asked ? state.planned : null;
  const inTheWay = current?.plan.outputRefusal ?? null;
  // With several sources, each line says what is in its own way.
  const ready = current && (isShared || (!inTheWay && refusalOf(current) === null)) ? current : null;
  const failure = state.pending ? null : state.failure;
  const refused = isReadable ? failure : null;
  React.useEffect(() => {
    onChange({ options: JSON.parse(asked) as Partial<ConvertOptions>, planned: ready, failure: refused });
  }, [onChange, asked, ready, refused]);

  const set = React.useCallback((change: Partial<FormValues>) => setValues(before => ({ ...before, ...change })), []);
  /** Whether the picture has been closed by a person. */
  const isClosed = React.useRef(false);
  const [isPictured, setPictured] = React.useState(false);
  const lastChoice = React.useRef<Choice>({ region: null, range: null });
  const isRanged = takesRange(values.dtype);
  const choice = choiceOf(
    read.options,
    { region: read.errors.roi === undefined, range: isRanged && read.errors.valueRange === undefined },
    lastChoice.current
  );
  lastChoice.current = choice;
  const reading = readingIn(read.options);
  const onChoice = ({ region, range }: Partial<Choice>): void =>
    set({
      ...(region !== undefined && shape && regionFields(region, shape)),
      ...(range && isRanged && { valueRange: [String(range[0]), String(range[1])] as [string, string] })
    });
  const chooses = props.showPicture && info && !isPictured && !props.disabled;

  const problems = failure?.problems ?? (failure ? [failure] : []);
  const { errors, marks, general } = placed(problems, read, isShared);
  // Fields stay once they are offered, lest they vanish while someone fills them in.
  const wanted = React.useRef(new Set<FieldName>()).current;
  for (const { options = [] } of problems) {
    options.forEach(name => name !== 'against' && wanted.add(name));
  }
  if (props.failure) {
    general.unshift(props.failure);
  }
  if (inTheWay && !isShared) {
    errors.output ??= inTheWay.message;
  }
  // An unfinished output elsewhere does not concern this one.
  const isSameOutput = state.planned?.options.output === read.options.output;
  const unfinished = isSameOutput && !isShared ? (state.planned?.plan.unfinished ?? null) : null;
  const offersResume = unfinished !== null || (!isShared && problems.some(({ field }) => field === 'resume'));
  const resumesByItself = unfinished?.refusal === null ? true : null;
  const offersOverwrite =
    isShared ||
    values.overwrite ||
    // Not where it would not help: what is no OME-Zarr, or is being written, is not replaced.
    [inTheWay, ...problems].some(each => each?.options?.includes('overwrite'));

  return (
    <div
      className={`mct-ConvertForm${isPictured ? ' mct-mod-pictured' : ''}`}
      // A person comes back to it, maybe from making room.
      onFocus={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget)) {
          watcher.current?.again();
        }
      }}
    >
      <div className="mct-ConvertForm-source" title={typeof source === 'string' ? source : source.join('\n')}>
        {isShared && 'First: '}
        {describeSource(source)}
      </div>
      {info ? (
        <SourceFacts info={info} />
      ) : (
        general.length === 0 && <div className="mct-ConvertForm-wait">{state.pending ? 'Reading the source…' : ''}</div>
      )}
      {general.map(message => (
        <div key={message} className="mct-ConvertForm-failure" role="alert">
          {message}
        </div>
      ))}
      {isPictured && props.showPicture && (
        <ChoosePicture
          show={props.showPicture}
          source={source}
          reading={reading}
          choice={choice}
          takesRange={isRanged}
          onChange={onChoice}
          onClose={() => {
            isClosed.current = true;
            setPictured(false);
          }}
        />
      )}
      <fieldset className="mct-ConvertForm-fields" disabled={props.disabled}>
        {(!isShared || errors.output) && (
          <Field label={labelOf('output')} error={errors.output} wide hint={outputHint(values, current)}>
            {control => (
              <TextInput
                control={control}
                value={isShared ? defaultOutputName(source) : values.output}
                readOnly={isShared}
                // A choice was for the output that it was made for.
                onChange={output => set({ output, resume: null })}
              />
            )}
          </Field>
        )}
        {offersOverwrite && (
          <label className="mct-ConvertForm-check mct-mod-wide">
            <input
              type="checkbox"
              checked={values.overwrite}
              onChange={event => set({ overwrite: event.target.checked })}
            />
            Replace an existing OME-Zarr of this name, once the new one is whole
          </label>
        )}
        {offersResume && (
          <ResumeChoice
            unfinished={unfinished}
            resume={values.resume ?? resumesByItself}
            error={errors.resume}
            onChange={resume => set({ resume })}
          />
        )}
        <Field label={labelOf('compression')} error={errors.compression}>
          {control => (
            <SelectInput
              control={control}
              value={values.compression}
              choices={COMPRESSIONS}
              standard={DEFAULT_OPTIONS.compression}
              onChange={compression => set({ compression })}
            />
          )}
        </Field>
        <Field label={labelOf('omeZarr')} error={errors.omeZarr}>
          {control => (
            <SelectInput
              control={control}
              value={values.omeZarr}
              choices={OME_ZARR_VERSIONS}
              standard={DEFAULT_OPTIONS.omeZarr}
              onChange={omeZarr => set({ omeZarr })}
            />
          )}
        </Field>
        <Field label={`${labelOf('chunkSize')} (Z, Y, X)`} error={errors.chunkSize}>
          {control => (
            <AxesInput
              control={control}
              name={labelOf('chunkSize')}
              marked={marks.chunkSize}
              value={values.chunkSize}
              placeholder={SHOWN_DEFAULTS.chunkSize}
              onChange={chunkSize => set({ chunkSize })}
            />
          )}
        </Field>
        <Field label={labelOf('levels')} error={errors.levels}>
          {control => (
            <TextInput
              control={control}
              value={values.levels}
              placeholder={SHOWN_DEFAULTS.levels}
              onChange={levels => set({ levels })}
            />
          )}
        </Field>
        <Field label={labelOf('maxMemory')} error={errors.maxMemory}>
          {control => (
            <TextInput
              control={control}
              value={values.maxMemory}
              placeholder={SHOWN_DEFAULTS.maxMemory}
              onChange={maxMemory => set({ maxMemory })}
            />
          )}
        </Field>
        <Field label={labelOf('dtype')} error={errors.dtype}>
          {control => (
            <SelectInput
              control={control}
              value={values.dtype}
              choices={OUTPUT_DTYPES}
              names={{ source: info ? `as the source: ${info.dtype}` : 'as the source' }}
              standard={DEFAULT_OPTIONS.dtype}
              onChange={dtype => set({ dtype })}
            />
          )}
        </Field>
        {takesRange(values.dtype) && (
          <Field
            label={labelOf('valueRange')}
            error={errors.valueRange}
            hint={
              <>
                Numbers or percentages (0.1%). Empty: the least and the greatest.{' '}
                {chooses && (
                  <button type="button" className="mct-Link" onClick={() => setPictured(true)}>
                    Choose on the picture
                  </button>
                )}
              </>
            }
          >
            {control => (
              <div className="mct-Axes" role="group" aria-label={labelOf('valueRange')}>
                {(['least', 'greatest'] as const).map((name, index) => (
                  <span key={name} className="mct-Axes-one">
                    <TextInput
                      control={element(control, index, name, marks.valueRange)}
                      numeric
                      label={`${labelOf('valueRange')}, ${name}`}
                      placeholder={name}
                      value={values.valueRange[index]}
                      onChange={text =>
                        set({ valueRange: index === 0 ? [text, values.valueRange[1]] : [values.valueRange[0], text] })
                      }
                    />
                  </span>
                ))}
              </div>
            )}
          </Field>
        )}
        <RegionFields values={values} error={errors.roi} marked={marks.roi} shape={shape} onChange={set}>
          {chooses && <ChooseButton autoFocus={isClosed.current} onClick={() => setPictured(true)} />}
        </RegionFields>
        <AdvancedFields values={values} errors={errors} marks={marks} wanted={wanted} info={info} onChange={set} />
      </fieldset>
      <div role="status" className="mct-ConvertForm-plan">
        {state.planned ? (
          <PlanView plan={state.planned.plan} stale={current === null} />
        ) : (
          <div className="mct-ConvertForm-wait">{info && state.pending ? 'Planning…' : ''}</div>
        )}
      </div>
    </div>
  );
}

/** `autoFocus`: it takes the focus of the picture that was closed. */
function ChooseButton(props: { autoFocus: boolean; onClick: () => void }): React.ReactElement {
  return (
    <button
      {...props}
      type="button"
      className="jp-mod-styled mct-Choose"
      title="Look at the source, and drag a box on it"
    >
      Choose on the picture…
    </button>
  );
}

/** Where labels of an image go. */
function outputHint({ parent }: FormValues, planned: Planned | null): string {
  if (parent.trim() === '')
    return 'A name beside the source, a path (one file if it ends in .ozx), or a place in a bucket: s3://BUCKET/NAME.ome.zarr.';
  return planned ? `Written as ${planned.plan.output}.` : 'A name in the image’s folder of labels.';
}

/**
 * Errors at their fields: those of fields that cannot be read go before the helper's. Errors that concern no field are
 * general.
 */
function placed(
  problems: readonly Failure[],
  read: { errors: FieldErrors; marks: Marks },
  isShared: boolean
): { errors: FieldErrors; marks: Marks; general: string[] } {
  const errors: FieldErrors = {};
  const marks: Marks = {};
  const general: string[] = [];
  for (const { field, message, at } of problems) {
    // The checkbox is part of the output's field.
    const name = field === 'overwrite' ? 'output' : field;
    if (name === null || name === 'source' || (isShared && name === 'resume')) {
      general.push(message);
      continue;
    }
    errors[name] = errors[name] === undefined ? message : `${errors[name]}\n${message}`;
    if (at !== undefined) {
      (marks[name] ??= []).push(at);
    }
  }
  return { errors: { ...errors, ...read.errors }, marks: { ...marks, ...read.marks }, general };
}
