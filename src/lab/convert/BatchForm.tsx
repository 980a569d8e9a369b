import * as React from 'react';
import type { Draft, FormValues, Planned, Planner } from '../../form/index.ts';
import {
  baseName,
  ConvertForm,
  describeShape,
  describeUnfinished,
  planResuming,
  refusalOf,
  toFailure
} from '../../form/index.ts';
import { formatBytes } from '../../protocol/bytes.ts';

type Outcome = { planned: Planned; failure?: undefined } | { planned?: undefined; failure: string };

/** What there is to say of a file whose plan could be made. Nothing that is unfinished is thrown away here, where nobody was asked. */
function toOutcome(planned: Planned): Outcome {
  if (planned.plan.outputRefusal) {
    return { failure: planned.plan.outputRefusal.message };
  }
  const refusal = refusalOf(planned);
  return refusal === null
    ? { planned }
    : { failure: `Was interrupted and cannot be resumed: ${refusal}. Convert it by itself to start over.` };
}

/**
 * Several files with the same options, one conversion each: the form of the first, and a line for every one. What an interrupted
 * conversion has left is gone on with.
 */
export function BatchForm(props: {
  planner: Planner;
  paths: readonly string[];
  initial?: Partial<FormValues>;
  failure?: string | null;
  disabled?: boolean;
  /** With what to start for each of the paths; null while not all can be started. */
  onChange: (all: Planned[] | null) => void;
}): React.ReactElement {
  const { planner, paths, onChange } = props;
  const [draft, setDraft] = React.useState<Draft>({ options: {}, planned: null });
  const [outcomes, setOutcomes] = React.useState<Map<string, Outcome>>(new Map());
  const { options, planned } = draft;

  React.useEffect(() => {
    let isCurrent = true;
    const known = new Map<string, Outcome>();
    setOutcomes(known);
    const askAll = async (first: Planned): Promise<void> => {
      known.set(paths[0], toOutcome(first));
      for (const path of paths.slice(1)) {
        let outcome: Outcome;
        try {
          outcome = toOutcome(await planResuming(planner, path, options));
        } catch (error) {
          outcome = { failure: toFailure(error).message };
        }
        if (!isCurrent) {
          return;
        }
        known.set(path, outcome);
        setOutcomes(new Map(known));
      }
    };
    if (planned) {
      void askAll(planned);
    }
    return () => {
      isCurrent = false;
    };
  }, [planner, paths, options, planned]);

  const all = paths.map(path => outcomes.get(path));
  const ready = React.useMemo(() => {
    const found = paths.map(path => outcomes.get(path)?.planned).filter(each => each !== undefined);
    return planned && found.length === paths.length ? found : null;
  }, [paths, outcomes, planned]);
  React.useEffect(() => onChange(ready), [onChange, ready]);

  const total = all.reduce((sum, outcome) => sum + (outcome?.planned?.plan.diskBytes ?? 0), 0);
  const freeBytes = planned?.plan.freeDiskBytes ?? Infinity;
  return (
    <>
      <ConvertForm
        planner={planner}
        source={paths[0]}
        shared
        initial={props.initial}
        failure={props.failure}
        disabled={props.disabled}
        onChange={setDraft}
      />
      <table className="mct-Levels mct-Batch">
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col">Shape (Z × Y × X)</th>
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
                    {outcome.failure}
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
