import * as React from 'react';
import type { Triple } from './values.ts';

const AXES = ['Z', 'Y', 'X'] as const;

/** Attributes that tie a control to its label, hint and error. */
export interface ControlProps {
  id: string;
  'aria-invalid': boolean;
  'aria-describedby': string | undefined;
}

/** A labelled control with a hint, or what is wrong with it, under it. */
export function Field(props: {
  label: string;
  hint?: React.ReactNode;
  error?: string;
  wide?: boolean;
  children: (control: ControlProps) => React.ReactNode;
}): React.ReactElement {
  const id = React.useId();
  const note = `${id}-note`;
  const hasNote = Boolean(props.error ?? props.hint);
  return (
    <div className={`mct-Field${props.wide ? ' mct-mod-wide' : ''}${props.error ? ' mct-mod-error' : ''}`}>
      <label htmlFor={id}>{props.label}</label>
      {props.children({ id, 'aria-invalid': Boolean(props.error), 'aria-describedby': hasNote ? note : undefined })}
      {hasNote && (
        <div
          id={note}
          className={props.error ? 'mct-Field-error' : 'mct-Field-hint'}
          role={props.error ? 'alert' : undefined}
        >
          {props.error ?? props.hint}
        </div>
      )}
    </div>
  );
}

/** A text field for a number of its own kind; text, so that what cannot be read is told and not swallowed. */
export function TextInput(props: {
  control: ControlProps;
  value: string;
  placeholder?: string;
  numeric?: boolean;
  readOnly?: boolean;
  label?: string;
  onChange: (value: string) => void;
}): React.ReactElement {
  return (
    <input
      {...props.control}
      className="jp-mod-styled"
      type="text"
      autoComplete="off"
      spellCheck={false}
      inputMode={props.numeric ? 'decimal' : undefined}
      aria-label={props.label}
      value={props.value}
      placeholder={props.placeholder}
      readOnly={props.readOnly}
      onChange={event => props.onChange(event.target.value)}
    />
  );
}

/** Attributes of the control of one element of a field; the label is the first one's. */
export function element(
  control: ControlProps,
  index: number,
  name: string,
  marked: readonly number[] = []
): ControlProps {
  return {
    ...control,
    id: index === 0 ? control.id : `${control.id}-${name}`,
    'aria-invalid': control['aria-invalid'] && (marked.length === 0 || marked.includes(index))
  };
}

/** One text field for each of the axes Z, Y and X. */
export function AxesInput(props: {
  control: ControlProps;
  name: string;
  value: Triple;
  placeholder?: readonly (string | number)[];
  /** Axes at fault; all without it, if any is. */
  marked?: readonly number[];
  onChange: (value: Triple) => void;
}): React.ReactElement {
  return (
    <div className="mct-Axes" role="group" aria-label={props.name}>
      {AXES.map((axis, index) => (
        <span key={axis} className="mct-Axes-one">
          <TextInput
            control={element(props.control, index, axis, props.marked)}
            numeric
            label={`${props.name}, ${axis}`}
            value={props.value[index]}
            placeholder={props.placeholder?.[index] === undefined ? axis : String(props.placeholder[index])}
            onChange={text => {
              const next = [...props.value] as Triple;
              next[index] = text;
              props.onChange(next);
            }}
          />
        </span>
      ))}
    </div>
  );
}

/** A choice out of a few; the empty value is the helper's default, which is named. */
export function SelectInput<T extends string>(props: {
  control: ControlProps;
  value: T | '';
  choices: readonly T[];
  names?: Partial<Record<T, string>>;
  standard: T;
  onChange: (value: T | '') => void;
}): React.ReactElement {
  const name = (choice: T): string => props.names?.[choice] ?? choice;
  return (
    <select
      {...props.control}
      className="jp-mod-styled"
      value={props.value}
      onChange={event => props.onChange(event.target.value as T | '')}
    >
      <option value="">{name(props.standard)} (default)</option>
      {props.choices
        .filter(choice => choice !== props.standard || props.value === choice)
        .map(choice => (
          <option key={choice} value={choice}>
            {name(choice)}
          </option>
        ))}
    </select>
  );
}
