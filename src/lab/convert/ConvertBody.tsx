import * as React from 'react';
import type { Draft, FormValues, Planner } from '../../form/index.ts';
import { ConvertForm } from '../../form/index.ts';
import type { Methods } from '../../protocol/index.ts';
import { isImage } from '../paths.ts';
import { BatchForm } from './BatchForm.tsx';

export type StartParams = Methods['start']['params'];

/** The body of the dialog: one source, or a choice of what several files are. */
export function ConvertBody(props: {
  planner: Planner;
  paths: readonly string[];
  initial: Partial<FormValues>;
  failure: string | null;
  busy: boolean;
  /** What would be started now; null while it cannot be. */
  onChange: (starts: StartParams[] | null) => void;
}): React.ReactElement {
  const { planner, paths, onChange } = props;
  const source = React.useMemo(() => (paths.length === 1 ? paths[0] : [...paths]), [paths]);
  const mayBeStack = React.useMemo(() => paths.length > 1 && paths.every(isImage), [paths]);
  const [isStack, setStack] = React.useState<boolean | null>(paths.length === 1 ? true : mayBeStack ? null : false);
  const [refusal, setRefusal] = React.useState<string | null>(null);

  React.useEffect(() => {
    if (!mayBeStack) {
      return;
    }
    planner.inspect(source).then(
      () => setStack(before => before ?? true),
      (error: Error) => {
        setRefusal(error.message);
        setStack(before => before ?? false);
      }
    );
  }, [planner, source, mayBeStack]);

  const onOne = React.useCallback(
    ({ planned }: Draft) => onChange(planned && [{ source, options: planned.options }]),
    [source, onChange]
  );
  const choose = (stack: boolean): void => {
    onChange(null);
    setStack(stack);
  };
  const common = { planner, initial: props.initial, failure: props.failure, disabled: props.busy };

  return (
    <div className="mct-ConvertBody">
      {mayBeStack && (
        <fieldset className="mct-Choice" disabled={props.busy}>
          <legend>{paths.length} files</legend>
          <label title={refusal ?? undefined}>
            <input
              type="radio"
              name="mct-stack"
              checked={isStack === true}
              disabled={refusal !== null}
              onChange={() => choose(true)}
            />
            One volume: each file is a slice
          </label>
          <label>
            <input type="radio" name="mct-stack" checked={isStack === false} onChange={() => choose(false)} />
            Each file is a volume of its own
          </label>
          {refusal && <div className="mct-Field-hint">Not one volume: {refusal}</div>}
        </fieldset>
      )}
      {isStack === null && <div className="mct-ConvertForm-wait">Reading the files…</div>}
      {isStack === true && <ConvertForm key="stack" {...common} source={source} onChange={onOne} />}
      {isStack === false && <BatchForm key="each" {...common} paths={paths} onChange={onChange} />}
    </div>
  );
}
