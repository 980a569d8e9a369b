import * as React from 'react';
import type { LookOptions, Source } from '../protocol/index.ts';
import type { Choice, Picture, ShowPicture } from './picture.ts';

/** Milliseconds without a change of how the source is read, after which it is shown anew. */
const REST = 600;

/** The picture of a source, on which region and values are chosen: while it is there, it is open. */
export function ChoosePicture(props: {
  show: ShowPicture;
  source: Source;
  reading: LookOptions;
  choice: Choice;
  /** Whether the values from black to white are converted, and not shown only. */
  takesRange: boolean;
  onChange: (change: Partial<Choice>) => void;
  onClose: () => void;
}): React.ReactElement {
  const { show, source, choice, takesRange } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const picture = React.useRef<Picture | null>(null);
  const closer = React.useRef<HTMLButtonElement>(null);
  const latest = React.useRef(props);
  latest.current = props;
  const [failure, setFailure] = React.useState<string | null>(null);
  const [isOpen, setOpen] = React.useState(false);
  const [turn, again] = React.useReducer((count: number) => count + 1, 0);
  const reading = useRested(JSON.stringify(props.reading), REST);

  React.useEffect(() => {
    const closed = new AbortController();
    // One of its own: what is opened late must not be put into the place of what came after it.
    const stage = document.createElement('div');
    stage.className = 'mct-Picture-viewer';
    host.current!.append(stage);
    setFailure(null);
    setOpen(false);
    const options = {
      choice: latest.current.choice,
      onChange: (change: Partial<Choice>) => latest.current.onChange(change)
    };
    show(stage, source, JSON.parse(reading) as LookOptions, options, closed.signal).then(
      opened => {
        if (closed.signal.aborted) {
          opened.dispose();
          return;
        }
        picture.current = opened;
        opened.choice = latest.current.choice;
        setOpen(true);
      },
      (error: Error) => closed.signal.aborted || setFailure(error.message)
    );
    return () => {
      closed.abort();
      picture.current?.dispose();
      picture.current = null;
      stage.remove();
    };
  }, [show, source, reading, turn]);

  const asked = JSON.stringify(choice);
  React.useEffect(() => {
    if (picture.current && JSON.stringify(picture.current.choice) !== asked) {
      picture.current.choice = JSON.parse(asked) as Choice;
    }
  }, [asked]);

  React.useEffect(() => {
    // The return value in some browsers is no clean-up.
    void host.current?.scrollIntoView({ block: 'nearest' });
    // The button that has opened it is hidden, and a focus that is nowhere begins anew, before the page.
    closer.current?.focus({ preventScroll: true });
  }, []);

  return (
    <section className="mct-Picture" aria-label="Picture to choose on">
      <div className="mct-Picture-head">
        <span>Drag a box on a slice: it is the region that is converted.</span>
        <button type="button" className="jp-mod-styled" ref={closer} onClick={props.onClose}>
          Close the picture
        </button>
      </div>
      <div className="mct-Picture-stage" ref={host} hidden={failure !== null} aria-busy={!isOpen}>
        {!isOpen && <div className="mct-Picture-wait">Opening the picture…</div>}
      </div>
      {failure && (
        <div className="mct-ConvertForm-failure" role="alert">
          {failure} Without the picture the fields are filled in by hand.{' '}
          <button type="button" className="jp-mod-styled" onClick={again}>
            Retry
          </button>
        </div>
      )}
      {isOpen && (
        <div className="mct-Field-hint">
          {takesRange
            ? 'What the two handles make black and white is the value range that is converted.'
            : 'The two handles change the picture only: values are stored as they are. A data type of uint8 or uint16 takes them for its value range.'}
          {takesRange && choice.range === null && (
            <button
              type="button"
              className="mct-Link"
              onClick={() => picture.current?.range && props.onChange({ range: picture.current.range })}
            >
              Take what the picture shows
            </button>
          )}
        </div>
      )}
    </section>
  );
}

/** A text as it is when it has not changed for a while. */
function useRested(text: string, rest: number): string {
  const [rested, setRested] = React.useState(text);
  React.useEffect(() => {
    const timer = setTimeout(() => setRested(text), rest);
    return () => clearTimeout(timer);
  }, [text, rest]);
  return rested;
}
