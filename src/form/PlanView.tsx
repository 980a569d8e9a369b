import * as React from 'react';
import { formatBytes } from '../model/bytes.ts';
import { isBucketAddress } from '../model/address.ts';
import { count } from '../model/count.ts';
import type { Plan, VolumeInfo } from '../protocol/index.ts';
import { describeAxes, describeFile, describeOrigin, describeShape, describeVoxel } from './describe.ts';

/** Facts about the source, read without a voxel. */
export function SourceFacts(props: { info: VolumeInfo }): React.ReactElement {
  const { info } = props;
  const voxel = describeVoxel(info);
  return (
    <dl className="mct-Facts">
      <Fact name={`Shape (${describeAxes(info)})`}>{describeShape(info.shape)}</Fact>
      <Fact name="Data type">
        {info.dtype}
        {/8$/.test(info.dtype) ? '' : `, ${info.byteOrder === 'mixed' ? 'little- and big' : info.byteOrder}-endian`}
      </Fact>
      <Fact name="Voxel size">
        {voxel ? (
          <>
            {voxel} <span className="mct-Facts-aside">{describeOrigin(info)}</span>
          </>
        ) : (
          <span className="mct-Facts-unknown">unknown</span>
        )}
      </Fact>
      <Fact name="File">{describeFile(info)}</Fact>
    </dl>
  );
}

/** A name and what it stands for, in a list of such. */
export function Fact(props: { name: string; children: React.ReactNode }): React.ReactElement {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  );
}

/** Output of a plan, and what it takes. `stale` greys a plan that no longer fits the fields. */
export function PlanView(props: { plan: Plan; stale: boolean }): React.ReactElement {
  const { plan } = props;
  // A refusal of the output is shown at its field.
  const warnings = plan.warnings.filter(warning => warning !== plan.outputRefusal?.message);
  const isTight = plan.outputRefusal?.code === 'disk-full';
  return (
    <div className={`mct-Plan${props.stale ? ' mct-mod-stale' : ''}`} aria-busy={props.stale}>
      <dl className="mct-Needs">
        <Fact name="Output before compression">{formatBytes(plan.uncompressedBytes)}</Fact>
        <Fact name={isBucketAddress(plan.output) ? 'Disk, for what waits to be sent' : 'Disk, at most'}>
          <span className={isTight ? 'mct-mod-tight' : undefined}>{formatBytes(plan.diskBytes)}</span>
        </Fact>
        <Fact name="Free disk">
          <span className={isTight ? 'mct-mod-tight' : undefined}>{formatBytes(plan.freeDiskBytes)}</span>
        </Fact>
        <Fact name="Peak memory">
          {formatBytes(plan.peakMemoryBytes)}, {count(plan.workers, 'worker')}
        </Fact>
      </dl>
      <table className="mct-Levels">
        <thead>
          <tr>
            <th scope="col">Level</th>
            <th scope="col">Shape ({describeAxes(plan)})</th>
            <th scope="col">Chunks</th>
            <th scope="col">Size</th>
          </tr>
        </thead>
        <tbody>
          {plan.levels.map((level, index) => (
            <tr key={index}>
              <th scope="row">{index}</th>
              <td>{describeShape(level.shape)}</td>
              <td>{level.chunks.reduce((product, n) => product * n, 1).toLocaleString('en')}</td>
              <td>{formatBytes(level.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {warnings.length > 0 && (
        <ul className="mct-Warnings">
          {warnings.map(warning => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
