import * as React from 'react';
import { imageKind } from '../model/file-endings.ts';
import type { ConvertOptions } from '../protocol/index.ts';
import type { StartParams } from './BatchForm.tsx';
import { BatchForm } from './BatchForm.tsx';
import type { Draft } from './ConvertForm.tsx';
import { ConvertForm } from './ConvertForm.tsx';
import type { ShowPicture } from './picture.ts';
import type { Planner } from './planner.ts';
import type { FormValues } from './values.ts';

/** Choices for several paths. */
export interface SeveralDraft {
  options: Partial<ConvertOptions>;
  /** Whether each is a volume of its own. */
  each: boolean;
  /** Folder of the outputs of each; empty where they go beside their sources. */
  folder: string;
}

/** One source, or several paths with the choice of whether each is a volume. */
export function ConvertBody(props: {
  planner: Planner;
  showPicture: ShowPicture;
  paths: readonly string[];
  initial: Partial<FormValues>;
  /** Whether each is a volume of its own, also where there is one, where that is chosen already. */
  each?: boolean | null;
  /** Folder of the outputs of several, to begin with. */
  folder?: string;
  failure: string | null;
  busy: boolean;
  /** Called with the conversions that would be started now; null while there can be none. */
  onChange: (starts: StartParams[] | null) => void;
  onDraft?: (draft: SeveralDraft) => void;
}): React.ReactElement {
  const { planner, paths, onChange, onDraft } = props;
  const source = React.useMemo(() => (paths.length === 1 ? paths[0] : [...paths]), [paths]);
  const mayBeStack = React.useMemo(() => paths.length > 1 && paths.every(path => imageKind(path) !== null), [paths]);
  const [isStack, setStack] = React.useState<boolean | null>(() => {
    if (props.each === false || (paths.length === 1 && !props.each)) return true;
    return props.each || !mayBeStack ? false : null;
  });
  const group = React.useId();
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
    ({ options, planned }: Draft) => {
      onDraft?.({ options, each: false, folder: '' });
      onChange(planned && [{ source, options: planned.options }]);
    },
    [source, onChange, onDraft]
  );
  const onEach = React.useCallback(
    (options: Partial<ConvertOptions>, folder: string) => onDraft?.({ options, each: true, folder }),
    [onDraft]
  );
  const choose = (stack: boolean): void => {
    onChange(null);
    setStack(stack);
  };
  const common = {
    planner,
    showPicture: props.showPicture,
    initial: props.initial,
    failure: props.failure,
    disabled: props.busy
  };

  return (
    <div className="mct-ConvertBody">
      {mayBeStack && (
        <fieldset className="mct-Choice" disabled={props.busy}>
          <legend>{paths.length} files</legend>
          <label title={refusal ?? undefined}>
            <input
              type="radio"
              name={group}
              checked={isStack === true}
              disabled={refusal !== null}
              onChange={() => choose(true)}
            />
            One volume: each file is a slice
          </label>
          <label>
            <input type="radio" name={group} checked={isStack === false} onChange={() => choose(false)} />
            Each file is a volume of its own
          </label>
          {refusal && <div className="mct-Field-hint">Not one volume: {refusal}</div>}
        </fieldset>
      )}
      {isStack === null && <div className="mct-ConvertForm-wait">Reading the files…</div>}
      {isStack === true && <ConvertForm key="stack" {...common} source={source} onChange={onOne} />}
      {isStack === false && (
        <BatchForm key="each" {...common} paths={paths} folder={props.folder} onChange={onChange} onDraft={onEach} />
      )}
    </div>
  );
}
