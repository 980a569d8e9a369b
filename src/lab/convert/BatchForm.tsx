import * as React from 'react';
import type { Draft, FormValues, Planned, Planner } from '../../form/index.ts';
import {
  baseName,
  ConvertForm,
  defaultOutputName,
  describeShape,
  describeUnfinished,
  Field,
  planResuming,
  refusalOf,
  resolveOutput,
  TextInput,
  toFailure
} from '../../form/index.ts';
import { formatBytes } from '../../model/bytes.ts';
import type { Failure, Methods } from '../../protocol/index.ts';

type StartParams = Methods['start']['params'];
type Outcome = { planned: Planned; failure?: undefined } | { planned?: undefined; failure: string };

/**
 * What there is to say of a source whose plan could be made. Nothing that is unfinished is thrown away here, where
 * nobody was asked.
 */
function toOutcome(planned: Planned): Outcome {
  if (planned.plan.outputRefusal) {
    return { failure: planned.plan.outputRefusal.message };
  }
  const refusal = refusalOf(planned);
  return refusal === null
    ? { planned }
    : { failure: `Was interrupted and cannot be resumed: ${refusal}. Convert it by itself to start over.` };
}

function toReason({ message, problems }: Failure): Outcome {
  return { failure: (problems ?? [{ message }]).map(each => each.message).join('\n') };
}

/** Of several that would get the same output only the first does. */
function apart(paths: readonly string[], outcomes: ReadonlyMap<string, Outcome>): (Outcome | undefined)[] {
  const taken = new Map<string, string>();
  return paths.map(path => {
    const outcome = outcomes.get(path);
    const output = outcome?.planned?.plan.output;
    const other = output === undefined ? undefined : taken.get(output);
    if (other !== undefined) {
      return { failure: `Would get the same output as ${other}: convert it by itself, or to another folder.` };
    }
    if (output !== undefined) {
      taken.set(output, path);
    }
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
 * Several sources with the same options, one conversion each: the form of one of them, and a line for every one. What
 * cannot be converted is left out with its reason. What an interrupted conversion has left is gone on with.
 */
export function BatchForm(props: {
  planner: Planner;
  paths: readonly string[];
  initial?: Partial<FormValues>;
  failure?: string | null;
  disabled?: boolean;
  /** With what can be started; null while it is not known of all, or nothing can. */
  onChange: (starts: StartParams[] | null) => void;
}): React.ReactElement {
  const { planner, paths, onChange } = props;
  const lead = useLead(planner, paths);
  const [folder, setFolder] = React.useState('');
  const [draft, setDraft] = React.useState<Draft>({ options: {}, planned: null, failure: null });
  const [outcomes, setOutcomes] = React.useState<ReadonlyMap<string, Outcome>>(new Map());
  const { options, planned, failure } = draft;
  const outputOf = React.useCallback(
    (path: string): string | undefined =>
      folder.trim() === '' ? undefined : resolveOutput(paths[0], `${folder.trim()}/${defaultOutputName(path)}`),
    [folder, paths]
  );

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
        outcome?.planned ? [{ source: paths[index], options: outcome.planned.options }] : []
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
        hint="Empty: each output beside its source. A name beside the first source, or a path."
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
        <div role="status">
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
