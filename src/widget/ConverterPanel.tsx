import * as React from 'react';
import type { SeveralDraft, StartParams } from '../form/index.ts';
import { baseName, ConvertBody, describeProgress, describeSource, factsOf, fraction } from '../form/index.ts';
import type { Source } from '../protocol/index.ts';
import type { Chosen, ConverterModel, ShownResult } from './converterModel.ts';
import { changes, toFormValues, toTraits } from './options.ts';

/** The form while there is something to choose, the progress while it runs, and what came of it. */
export function ConverterPanel({ model }: { model: ConverterModel }): React.ReactElement {
  useChanges(model);
  const [isEditing, setEditing] = React.useState(false);
  const { state, source, failure } = model;
  const isDone = state === 'done';
  // Another conversion begins with the form closed.
  React.useEffect(() => setEditing(false), [state]);

  if (source.length === 0) {
    return <SourceInput onSource={path => model.setSource(path)} />;
  }
  if (state === 'running') {
    return <Running model={model} />;
  }
  return (
    <div className="mct-Converter-body">
      {model.result && (
        <Done result={model.result} isEditing={isEditing} onAgain={isDone ? () => setEditing(!isEditing) : undefined} />
      )}
      {state === 'failed' && failure && (
        <div className="mct-Converter-failure" role="alert">
          {failure.message}
        </div>
      )}
      {state === 'cancelled' && (
        <div className="mct-Converter-note" role="status">
          {failure?.field === 'output'
            ? failure.message
            : model.result
              ? 'Cancelled. What had been written of the one that was converted is removed; those before it stay.'
              : 'Cancelled. What had been written is removed.'}
        </div>
      )}
      {(!isDone || isEditing) && <Form model={model} />}
    </div>
  );
}

interface Known {
  source: Source;
  options: Chosen;
}

/** The form, kept like the traits in both directions. */
function Form({ model }: { model: ConverterModel }): React.ReactElement {
  const { source, options } = model;
  const [draft, setDraft] = React.useState<Chosen | null>(null);
  const [starts, setStarts] = React.useState<StartParams[] | null>(null);
  const [isSent, setSent] = React.useState(false);
  // The source and options that the form shows. When Python sets others, the form begins anew with them.
  const [shown, setShown] = React.useState({ source, options, turn: 0 });
  const present = JSON.stringify({ source, options });
  const known = React.useRef(present);
  // The traits of the form's last draft: only changes that a person makes there go to Python.
  const said = React.useRef<Chosen | null>(null);

  React.useEffect(() => {
    if (present !== known.current) {
      known.current = present;
      said.current = null;
      setDraft(null);
      setStarts(null);
      setShown(({ turn }) => ({ ...(JSON.parse(present) as Known), turn: turn + 1 }));
    }
  }, [present]);

  const paths = React.useMemo(() => [shown.source].flat(), [shown]);
  const onDraft = React.useCallback(
    ({ options, each, folder }: SeveralDraft) => {
      setSent(false);
      const chosen = toTraits(options, shown.source);
      const now = {
        ...chosen,
        ...(each && { target: folder || null }),
        // The form asks this of several sources only.
        each: paths.length > 1 ? each : shown.options.each
      };
      setDraft(now);
      const change = said.current ? changes(said.current, now) : {};
      said.current = now;
      if (Object.keys(change).length) {
        const before = JSON.parse(known.current) as Known;
        known.current = JSON.stringify({ ...before, options: { ...before.options, ...change } });
        model.setOptions(change);
      }
    },
    [model, shown, paths]
  );

  const [first] = (!isSent && model.comm_live && starts) || [];
  const canStart = first !== undefined && draft !== null;
  return (
    <form
      className="mct-Converter-form"
      onSubmit={event => {
        event.preventDefault();
        if (canStart) {
          setSent(true);
          const isOne = starts?.length === 1 && !draft.each;
          // Whether to resume is decided by the plan.
          model.start(isOne ? { ...toTraits(first.options, shown.source), each: draft.each } : draft);
        }
      }}
    >
      <ConvertBody
        key={shown.turn}
        planner={model.planner}
        showPicture={model.showPicture}
        paths={paths}
        initial={toFormValues(shown.options, shown.source)}
        each={shown.options.each}
        folder={shown.options.target ?? ''}
        failure={null}
        busy={false}
        onChange={setStarts}
        onDraft={onDraft}
      />
      <div className="mct-Converter-buttons">
        <button type="submit" className="jp-mod-styled jp-mod-accept" disabled={!canStart}>
          Convert
        </button>
      </div>
    </form>
  );
}

function Running({ model }: { model: ConverterModel }): React.ReactElement {
  const { progress, source } = model;
  const [isCancelling, setCancelling] = React.useState(false);
  const name = progress?.source
    ? `${baseName(progress.source)} (${progress.number} of ${progress.count})`
    : describeSource(source);
  return (
    <div className="mct-Converter-body">
      <div className="mct-Converter-title">Converting {name}</div>
      <div className="mct-Converter-row">
        <progress
          className="mct-Converter-progress"
          aria-label={`Converting ${name}`}
          max={1}
          value={progress ? fraction(progress) : undefined}
        />
        <button
          type="button"
          className="jp-mod-styled"
          disabled={isCancelling || !model.comm_live}
          onClick={() => {
            setCancelling(true);
            model.cancel();
          }}
        >
          {isCancelling ? 'Cancelling…' : 'Cancel'}
        </button>
      </div>
      <div className="mct-Converter-note">{progress ? describeProgress(progress) : 'Starting…'}</div>
    </div>
  );
}

function Done(props: { result: ShownResult; isEditing: boolean; onAgain?: () => void }): React.ReactElement {
  const { result, isEditing, onAgain } = props;
  const written = result.results ?? [result as ShownResult & { output: string }];
  return (
    <div className="mct-Converter-done" role="status">
      <div className="mct-Converter-row">
        <span>
          {written.map(each => (
            <div key={each.output} title={each.output}>
              <strong>{baseName(each.output)}</strong> is written: {factsOf(each)}.
            </div>
          ))}
        </span>
        {onAgain && (
          <button type="button" className="jp-mod-styled" aria-expanded={isEditing} onClick={onAgain}>
            Convert again…
          </button>
        )}
      </div>
      {result.leftOut?.map(each => (
        <div key={each.source} className="mct-Converter-failure" role="alert">
          Left out: {each.message}
        </div>
      ))}
      {result.warnings?.map(warning => (
        <div key={warning} className="mct-Converter-note">
          {warning}
        </div>
      ))}
    </div>
  );
}

/** For `ConverterWidget()`, which was given no source. */
function SourceInput({ onSource }: { onSource: (source: string) => void }): React.ReactElement {
  const [text, setText] = React.useState('');
  const path = text.trim();
  return (
    <form
      className="mct-Converter-body"
      onSubmit={event => {
        event.preventDefault();
        if (path) {
          onSource(path);
        }
      }}
    >
      <div className="mct-Converter-row">
        <input
          type="text"
          className="jp-mod-styled mct-Converter-source"
          aria-label="Path of a TIFF, or of a folder of slices"
          placeholder="Path of a TIFF, or of a folder of slices"
          spellCheck={false}
          autoComplete="off"
          value={text}
          onChange={event => setText(event.target.value)}
        />
        <button type="submit" className="jp-mod-styled" disabled={!path}>
          Read
        </button>
      </div>
    </form>
  );
}

/** Shows the component anew with every change of the model. */
function useChanges(model: ConverterModel): void {
  const [, show] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    model.on('change comm_live_update', show);
    return () => {
      model.off('change comm_live_update', show);
    };
  }, [model]);
}
