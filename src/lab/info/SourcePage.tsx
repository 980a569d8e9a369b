import { UseSignal } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { asVolume, baseName, describeProgress, describeSource, fraction, SourceFacts } from '../../form/index.ts';
import type { Job, Source, VolumeInfo } from '../../protocol/index.ts';
import { isActive } from '../../protocol/job.ts';
import type { IHelper } from '../helper.ts';
import { CommandIDs } from '../ids.ts';

/** The page of one TIFF, or another source. `path` is null when the helper cannot reach the file. */
export function SourcePage(props: {
  path: Source | null;
  /** Of a file that it cannot reach. */
  name?: string;
  helper: IHelper;
  /** False for a page that came back with the layout: it waits for the helper to run, and does not start it. */
  asksAtOnce: boolean;
  commands: CommandRegistry;
}): React.ReactElement {
  const { path, helper, commands } = props;
  const [mayAsk, setMayAsk] = React.useState(props.asksAtOnce || helper.state === 'connected');
  const [info, setInfo] = React.useState<VolumeInfo | null>(null);
  const [failure, setFailure] = React.useState<string | null>(
    path === null ? 'This file is not in the server’s own file system, and cannot be converted from here.' : null
  );

  React.useEffect(() => {
    const onState = (): void => setMayAsk(before => before || helper.state === 'connected');
    helper.stateChanged.connect(onState);
    return () => void helper.stateChanged.disconnect(onState);
  }, [helper]);

  React.useEffect(() => {
    let isCurrent = true;
    if (path !== null && mayAsk) {
      helper
        .request('inspect', { source: path })
        .then(asVolume)
        .then(
          found => isCurrent && setInfo(found),
          (error: Error) => isCurrent && setFailure(error.message)
        );
    }
    return () => {
      isCurrent = false;
    };
  }, [helper, path, mayAsk]);

  return (
    <div className="mct-SourcePage">
      <h1>{path === null ? baseName(props.name ?? '') : describeSource(path)}</h1>
      {info && <SourceFacts info={info} />}
      {failure && (
        <div className="mct-ConvertForm-failure" role="alert">
          {failure}
        </div>
      )}
      {mayAsk && !info && !failure && <div className="mct-ConvertForm-wait">Reading the file’s description…</div>}
      {path !== null && (
        <UseSignal signal={helper.jobs.changed}>
          {() => <Jobs path={path} canConvert={info !== null || !mayAsk} helper={helper} commands={commands} />}
        </UseSignal>
      )}
      <p className="mct-SourcePage-note">
        The voxels stay on the server: a volume is converted there, and looked at piece by piece.
      </p>
    </div>
  );
}

/** Conversions of the file: those that run or are done, and one to start. */
function Jobs(props: {
  path: Source;
  canConvert: boolean;
  helper: IHelper;
  commands: CommandRegistry;
}): React.ReactElement {
  const { path, commands } = props;
  const mine = props.helper.jobs.items.filter(job => JSON.stringify(job.source) === JSON.stringify(path));
  const active = mine.filter(isActive);
  const done = mine.filter(job => job.state === 'done' && job.output !== null).pop();
  return (
    <>
      {active.map(job => (
        <ActiveJob key={job.id} job={job} commands={commands} />
      ))}
      <div className="mct-SourcePage-buttons">
        {props.canConvert && (
          <button
            type="button"
            className="jp-mod-styled jp-mod-accept"
            onClick={() =>
              void commands.execute(CommandIDs.convert, typeof path === 'string' ? { path } : { paths: path })
            }
          >
            Convert to OME-Zarr…
          </button>
        )}
        {done && (
          <button
            type="button"
            className="jp-mod-styled"
            onClick={() => void commands.execute(CommandIDs.openViewer, { path: done.output })}
          >
            Open {baseName(done.output ?? '')} in Neuroglancer
          </button>
        )}
      </div>
    </>
  );
}

function ActiveJob(props: { job: Job; commands: CommandRegistry }): React.ReactElement {
  const { job, commands } = props;
  return (
    <div className="mct-SourcePage-job">
      <progress max={1} value={job.state === 'queued' ? undefined : fraction(job.progress)} aria-label="Conversion" />
      <span>
        {job.state === 'queued' ? 'Waiting for its turn' : job.progress ? describeProgress(job.progress) : 'Starting'}
      </span>
      <button
        type="button"
        className="jp-mod-styled"
        onClick={() => void commands.execute(CommandIDs.cancel, { job: job.id })}
      >
        Cancel
      </button>
    </div>
  );
}
