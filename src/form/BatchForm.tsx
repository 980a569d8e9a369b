import * as React from 'react';
import { formatBytes } from '../model/bytes.ts';
import { sameOutput } from '../model/same-output.ts';
import type { ConvertOptions, Failure, Methods } from '../protocol/index.ts';
import type { Draft } from './ConvertForm.tsx';
import { ConvertForm } from './ConvertForm.tsx';
import { describeShape, describeUnfinished } from './describe.ts';
import { Field, TextInput } from './Field.tsx';
import { baseName, defaultOutputName, resolveOutput } from './output.ts';
import type { ShowPicture } from './picture.ts';
import type { Planner } from './planner.ts';
import { toFailure } from './planner.ts';
import type { Planned } from './resume.ts';
import { planResuming, refusalOf } from './resume.ts';
import type { FormValues } from './values.ts';

export type StartParams = Methods['start']['params'];
type Outcome = { planned: Planned; failure?: undefined } | { planned?: undefined; failure: string };

/** Before the form has said anything. */
const NOTHING: Draft = { options: {}, planned: null, failure: null };

/** Whether the folder of its output is not there, and will be made. */
const isWithoutFolder = ({ plan }: Planned): boolean => plan.outputRefusal?.isMade === true;

/** Outcome for a source whose plan could be made. Unfinished output is not thrown away here, where nobody was asked. */
function toOutcome(planned: Planned): Outcome {
  const { outputRefusal } = planned.plan;
  if (outputRefusal && !isWithoutFolder(planned)) {
    return { failure: outputRefusal.message };
  }
  const refusal = refusalOf(planned);
  return refusal === null
    ? { planned }
    : { failure: `Was interrupted and cannot be resumed: ${refusal}. Convert it by itself to start over.` };
}

function toReason({ message, problems }: Failure): Outcome {
  return { failure: (problems ?? [{ message }]).map(each => each.message).join('\n') };
}

/** Only the first of several sources with the same output is converted. */
function apart(paths: readonly string[], outcomes: ReadonlyMap<string, Outcome>): (Outcome | undefined)[] {
  const taken = new Map<string, string>();
  return paths.map(path => {
    const outcome = outcomes.get(path);
    const output = outcome?.planned?.plan.output;
    if (output === undefined) return outcome;
    const other = taken.get(output);
    if (other !== undefined) return { failure: sameOutput(path, other, output) };
    taken.set(output, path);
    return outcome;
  });
}

/**
 * The number of the first source that can be read, which shows in the form; the first where none can. Null until it is
 * known.
 */
function useLead(planner: Planner, paths: readonly string[]): number | null {
  const [lead, setLead] = React.useState<number | null>(null);
  React.useEffect(() => {
    let isCurrent = true;
    const find = async (): Promise<number> => {
      for (const [index, path] of paths.entries()) {
        const isReadable = await planner.inspect(path).then(
          () => true,
          () => false
        );
        if (isReadable || !isCurrent) {
          return index;
        }
      }
      return 0;
    };
    void find().then(index => isCurrent && setLead(index));
    return () => {
      isCurrent = false;
    };
  }, [planner, paths]);
  return lead;
}

/**
 * Several sources with the same options, one conversion each: the form of one of them, and a line for every one. A
 * source that cannot be converted is left out with its reason. Interrupted conversions are resumed.
 */
export function BatchForm(props: {
  planner: Planner;
  showPicture: ShowPicture;
  paths: readonly string[];
  initial?: Partial<FormValues>;
  /** Folder of the outputs, to begin with. */
  folder?: string;
  failure?: string | null;
  disabled?: boolean;
  /** Called with the fields' options, and the path of the folder; empty where each output goes beside its source. */
  onDraft?: (options: Partial<ConvertOptions>, folder: string) => void;
  /** Called with what can be started; null while that is not known for all, or nothing can. */
  onChange: (starts: StartParams[] | null) => void;
}): React.ReactElement {
  const { paths, onChange, onDraft } = props;
  const planner = React.useMemo(
    (): Planner => ({
      inspect: source => props.planner.inspect(source),
      estimate: (source, options) => props.planner.estimate(source, options, true)
    }),
    [props.planner]
  );
  const lead = useLead(planner, paths);
  const [folder, setFolder] = React.useState(props.folder ?? '');
  const [draft, setDraft] = React.useState<Draft>(NOTHING);
  const [outcomes, setOutcomes] = React.useState<ReadonlyMap<string, Outcome>>(new Map());
  const { options, planned, failure } = draft;
  const outputOf = React.useCallback(
    (path: string): string | undefined =>
      folder.trim() === '' ? undefined : resolveOutput(paths[0], `${folder.trim()}/${defaultOutputName(path)}`),
    [folder, paths]
  );

  React.useEffect(() => {
    const typed = folder.trim();
    if (draft !== NOTHING) onDraft?.(options, typed === '' ? '' : resolveOutput(paths[0], typed));
  }, [onDraft, draft, options, folder, paths]);

  React.useEffect(() => {
    let isCurrent = true;
    const known = new Map<string, Outcome>();
    setOutcomes(known);
    const ask = async (path: string): Promise<Outcome> => {
      try {
        return toOutcome(await planResuming(planner, path, { ...options, output: outputOf(path) }));
      } catch (error) {
        return toReason(toFailure(error));
      }
    };
    const askAll = async (): Promise<void> => {
      for (const [index, path] of paths.entries()) {
        const isLead = index === lead;
        known.set(path, !isLead ? await ask(path) : planned ? toOutcome(planned) : toReason(failure!));
        if (!isCurrent) {
          return;
        }
        setOutcomes(new Map(known));
      }
    };
    if (planned || failure) {
      void askAll();
    }
    return () => {
      isCurrent = false;
    };
  }, [planner, paths, lead, outputOf, options, planned, failure]);

  const all = React.useMemo(() => apart(paths, outcomes), [paths, outcomes]);
  const starts = React.useMemo(
    () =>
      all.flatMap((outcome, index) =>
        outcome?.planned ? [{ source: paths[index], options: outcome.planned.options, makeFolder: true }] : []
      ),
    [paths, all]
  );
  const isKnown = all.every(outcome => outcome !== undefined);
  React.useEffect(() => onChange(isKnown && starts.length > 0 ? starts : null), [onChange, isKnown, starts]);

  const total = all.reduce((sum, outcome) => sum + (outcome?.planned?.plan.diskBytes ?? 0), 0);
  const freeBytes = all.find(outcome => outcome?.planned)?.planned?.plan.freeDiskBytes ?? Infinity;
  return (
    <>
      {lead === null ? (
        <div className="mct-ConvertForm-wait">Reading the first of them…</div>
      ) : (
        <ConvertForm
          planner={planner}
          showPicture={props.showPicture}
          source={paths[lead]}
          shared
          output={outputOf(paths[lead])}
          initial={props.initial}
          failure={props.failure}
          disabled={props.disabled}
          onChange={setDraft}
        />
      )}
      <Field
        label="Folder for the outputs"
        wide
        hint={
          all.some(outcome => outcome?.planned && isWithoutFolder(outcome.planned))
            ? `${folder.trim()} will be made.`
            : 'Empty: each output beside its source. A name beside the first source, a path, or s3://BUCKET/FOLDER.'
        }
      >
        {control => <TextInput control={control} value={folder} onChange={setFolder} />}
      </Field>
      <table className="mct-Levels mct-Batch">
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">Shape</th>
            <th scope="col">Before compression</th>
          </tr>
        </thead>
        <tbody>
          {paths.map((path, index) => {
            const outcome = all[index];
            const plan = outcome?.planned?.plan;
            return (
              <tr key={path}>
                <th scope="row" title={path}>
                  {baseName(path)}
                  {plan?.unfinished && (
                    <div className="mct-Field-hint">Resumes: {describeUnfinished(plan.unfinished)}</div>
                  )}
                </th>
                {outcome?.failure ? (
                  <td colSpan={2} className="mct-Field-error" role="alert">
                    Left out: {outcome.failure}
                  </td>
                ) : (
                  <>
                    <td>{plan ? describeShape(plan.levels[0].shape) : '…'}</td>
                    <td>{plan ? formatBytes(plan.uncompressedBytes) : '…'}</td>
                  </>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
      {isKnown && starts.length < paths.length && (
        <div className="mct-Batch-leftOut" role="status">
          {starts.length} of {paths.length} will be converted.
        </div>
      )}
      {total > freeBytes && (
        <ul className="mct-Warnings">
          <li>
            All together may take {formatBytes(total)}; the disk has {formatBytes(freeBytes)} free.
          </li>
        </ul>
      )}
    </>
  );
}
