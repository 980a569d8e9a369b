import * as React from 'react';
import { Fact, baseName, describeOrigin, describeShape, describeVoxel } from '../../form/index.ts';
import { formatBytes } from '../../model/bytes.ts';
import { count } from '../../model/count.ts';
import type { OmeZarrInfo, VolumeInfo } from '../../protocol/index.ts';
import type { IHelper } from '../helper.ts';

/** Facts about one OME-Zarr, by its metadata and the sizes of its files. */
export function OmeZarrPage(props: { path: string; helper: IHelper }): React.ReactElement {
  const { path, helper } = props;
  const [info, setInfo] = React.useState<OmeZarrInfo | null>(null);
  const [failure, setFailure] = React.useState<string | null>(null);

  React.useEffect(() => {
    let isCurrent = true;
    helper
      .request('inspect', { source: path })
      .then(asOmeZarr)
      .then(
        found => isCurrent && setInfo(found),
        (error: Error) => isCurrent && setFailure(error.message)
      );
    return () => {
      isCurrent = false;
    };
  }, [helper, path]);

  return (
    <div className="mct-OmeZarrPage">
      <h1 title={path}>{baseName(path)}</h1>
      {info && <OmeZarrFacts info={info} />}
      {failure && (
        <div className="mct-ConvertForm-failure" role="alert">
          {failure}
        </div>
      )}
      {!info && !failure && (
        <div className="mct-ConvertForm-wait">Reading its metadata, and the sizes of its files…</div>
      )}
    </div>
  );
}

function asOmeZarr(info: VolumeInfo | OmeZarrInfo): OmeZarrInfo {
  if (info.format !== 'ome-zarr') throw new Error(`${info.source}: is no OME-Zarr: choose one that was converted`);
  return info;
}

function OmeZarrFacts({ info }: { info: OmeZarrInfo }): React.ReactElement {
  const { axes, shape, channels, labels, levels, writer, version, zarrFormat } = info;
  const along = axes.map(({ name }) => name.toUpperCase()).join(' × ');
  const voxel = describeVoxel(info);
  const made = madeOf(info);
  const codecs = [...new Set(levels.map(codecOf))].join(', ');
  return (
    <>
      <dl className="mct-Facts">
        <Fact name={`Shape (${along})`}>{shape ? describeShape(shape) : <Unknown />}</Fact>
        <Fact name="Data type">
          {info.dtype ?? <Unknown />}
          {info.isLabels && ', labels'}
        </Fact>
        <Fact name="Voxel size">
          {voxel ?? <Unknown />}{' '}
          {voxel && info.voxelSizeFrom && (
            <span className="mct-Facts-aside">
              {describeOrigin({ voxelSizeFrom: info.voxelSizeFrom, voxelSizeFile: made.voxelSizeFile })}
            </span>
          )}
        </Fact>
        <Fact name="Format">
          OME-Zarr {version ?? 'of unknown version'}, Zarr v{zarrFormat}
        </Fact>
        {info.bytes !== null && info.files !== null && (
          <Fact name="On the disk">
            {formatBytes(info.bytes)} in {count(info.files, 'file')}
          </Fact>
        )}
        <Fact name="Chunks">{codecs}</Fact>
        {channels && channels.length > 1 && (
          <Fact name="Channels">{channels.map(({ name }, number) => name ?? `channel ${number}`).join(', ')}</Fact>
        )}
        {labels.length > 0 && <Fact name="Labels">{labels.join(', ')}</Fact>}
        {made.name && <Fact name="Made of">{made.name}</Fact>}
        {writer && <Fact name="Written by">{writer}</Fact>}
      </dl>
      <table className="mct-Levels">
        <thead>
          <tr>
            <th scope="col">Level</th>
            <th scope="col">Shape ({along})</th>
            <th scope="col">Chunks of</th>
            <th scope="col">Size</th>
          </tr>
        </thead>
        <tbody>
          {levels.map((level, index) => (
            <tr key={index}>
              <th scope="row">{level.path}</th>
              <td>{level.shape ? describeShape(level.shape) : <Unknown />}</td>
              <td>
                {level.chunk ? describeShape(level.chunk) : <Unknown />}
                {level.shard && ` in shards of ${describeShape(level.shard)}`}
              </td>
              <td>{level.bytes === null ? <Unknown /> : formatBytes(level.bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Warnings texts={info.warnings} />
      {made.warnings.length > 0 && (
        <section>
          Warnings of its conversion:
          <Warnings texts={made.warnings} />
        </section>
      )}
    </>
  );
}

const Unknown = (): React.ReactElement => <span className="mct-Facts-unknown">unknown</span>;

function Warnings({ texts }: { texts: readonly string[] }): React.ReactElement | null {
  if (texts.length === 0) return null;
  return (
    <ul className="mct-Warnings">
      {texts.map(text => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}

/** `blosc-zstd`, or `uncompressed, crc32c`. */
function codecOf({ compression, checksum }: OmeZarrInfo['levels'][number]): string {
  const codec = compression === 'none' ? 'uncompressed' : (compression ?? 'unknown');
  return checksum && checksum !== 'none' ? `${codec}, ${checksum}` : codec;
}

/** Provenance of an output of this program; it is read as text that anybody may have changed. */
function madeOf({ provenance }: OmeZarrInfo): {
  name: string | null;
  voxelSizeFile: string | null;
  warnings: string[];
} {
  const { source, warnings } = (provenance ?? {}) as { source?: unknown; warnings?: unknown };
  const { name, voxelSizeFile } = (source ?? {}) as { name?: unknown; voxelSizeFile?: unknown };
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    name: text(name),
    voxelSizeFile: text(voxelSizeFile),
    warnings: Array.isArray(warnings) ? warnings.filter(each => typeof each === 'string') : []
  };
}
