import * as React from 'react';
import type { Unfinished } from '../protocol/index.ts';
import { describeUnfinished } from './describe.ts';

/**
 * Whether to resume an interrupted conversion. Where it cannot be resumed, nothing is chosen beforehand: its output
 * would be lost.
 */
export function ResumeChoice(props: {
  /** Null where nothing is known of it but that it cannot be resumed. */
  unfinished: Unfinished | null;
  resume: boolean | null;
  error?: string;
  onChange: (resume: boolean) => void;
}): React.ReactElement {
  const { unfinished, resume, error, onChange } = props;
  const name = React.useId();
  const note = `${name}-note`;
  const refusal = unfinished?.refusal ?? null;
  const reason = error ?? (refusal === null ? null : `It cannot be resumed: ${refusal}`);
  const radio = (value: boolean): React.ReactElement => (
    <input
      type="radio"
      name={name}
      checked={resume === value}
      disabled={value && refusal !== null}
      onChange={() => onChange(value)}
    />
  );
  return (
    <fieldset className="mct-Choice mct-mod-wide" aria-describedby={reason === null ? undefined : note}>
      <legend>A conversion to this output was interrupted</legend>
      <label>
        {radio(true)}
        Resume{unfinished && `: ${describeUnfinished(unfinished)}`}
      </label>
      <label>
        {radio(false)}
        Start over: what is there is removed
      </label>
      {reason !== null && (
        <div id={note} className={resume === false ? 'mct-Field-hint' : 'mct-Field-error'} role="alert">
          {reason}
        </div>
      )}
    </fieldset>
  );
}
