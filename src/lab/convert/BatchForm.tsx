import * as React from 'react';
import type { Draft, FormValues, Planner } from '../../form/index.ts';
import { baseName, ConvertForm, describeShape, toFailure } from '../../form/index.ts';
import { formatBytes } from '../../protocol/bytes.ts';
import type { ConvertOptions, Plan } from '../../protocol/index.ts';

type Outcome = { plan: Plan; failure?: undefined } | { plan?: undefined; failure: string };

/** Several files with the same options, one conversion each: the form of the first, and a line for every one. */
export function BatchForm(props: {
  planner: Planner;
  paths: readonly string[];
  initial?: Partial<FormValues>;
  failure?: string | null;
  disabled?: boolean;
  onChange: (options: Partial<ConvertOptions>, ready: boolean) => void;
}): React.ReactElement {
  const { planner, paths, onChange } = props;
  const [draft, setDraft] = React.useState<Draft>({ options: {}, plan: null });
  const [outcomes, setOutcomes] = React.useState<Map<string, Outcome>>(new Map());
  const { options, plan } = draft;

  React.useEffect(() => {
    let isCurrent = true;
    const known = new Map<string, Outcome>();
    setOutcomes(known);
    const askAll = async (first: Plan): Promise<void> => {
      known.set(paths[0], { plan: first });
      for (const path of paths.slice(1)) {
        let outcome: Outcome;
        try {
          outcome = { plan: await planner.estimate(path, options) };
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
    if (plan) {
      void askAll(plan);
    }
    return () => {
      isCurrent = false;
    };
  }, [planner, paths, options, plan]);

  const all = paths.map(path => outcomes.get(path));
  const ready = plan !== null && all.every(outcome => outcome?.plan);
  React.useEffect(() => onChange(options, ready), [onChange, options, ready]);

  const total = all.reduce((sum, outcome) => sum + (outcome?.plan?.uncompressedBytes ?? 0), 0);
  const isTight = plan !== null && total > plan.freeDiskBytes;
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
            return (
              <tr key={path}>
                <th scope="row" title={path}>
                  {baseName(path)}
                </th>
                {outcome?.failure ? (
                  <td colSpan={2} className="mct-Field-error" role="alert">
                    {outcome.failure}
                  </td>
                ) : (
                  <>
                    <td>{outcome?.plan ? describeShape(outcome.plan.levels[0].shape) : '…'}</td>
                    <td>{outcome?.plan ? formatBytes(outcome.plan.uncompressedBytes) : '…'}</td>
                  </>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
      {isTight && (
        <ul className="mct-Warnings">
          <li>
            All together are {formatBytes(total)} before compression; the disk has {formatBytes(plan.freeDiskBytes)}{' '}
            free.
          </li>
        </ul>
      )}
    </>
  );
}
