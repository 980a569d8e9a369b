import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { ENDINGS } from '../model/file-endings.ts';
import { pyramidIcon, stackIcon } from './icons.ts';
import { OME_ZARR_TYPE, OZX_TYPE, TIFF_TYPE, UNFINISHED_TYPE } from './ids.ts';

const inBothCases = (ending: string): string =>
  ending.replace(/[a-z]/g, letter => `[${letter}${letter.toUpperCase()}]`);

/**
 * The file types of volumes. A pattern goes before the extensions that JupyterLab itself knows, so that `.tif` is ours
 * first and an image second; patterns have no flags, so that both cases are spelled out.
 */
export function addFileTypes(registry: DocumentRegistry): void {
  registry.addFileType({
    name: TIFF_TYPE,
    displayName: 'TIFF volume',
    mimeTypes: ['image/tiff'],
    extensions: [],
    pattern: `\\.(${ENDINGS.TIFF.map(inBothCases).join('|')})$`,
    contentType: 'file',
    fileFormat: null,
    icon: stackIcon
  });
  registry.addFileType({
    name: OME_ZARR_TYPE,
    displayName: 'OME-Zarr',
    mimeTypes: [],
    extensions: [],
    pattern: '\\.[zZ][aA][rR][rR]$',
    contentType: 'directory',
    icon: pyramidIcon
  });
  registry.addFileType({
    name: OZX_TYPE,
    displayName: 'OME-Zarr in one file',
    mimeTypes: ['application/zip'],
    extensions: [],
    pattern: `\\.${inBothCases('ozx')}$`,
    contentType: 'file',
    fileFormat: null,
    icon: pyramidIcon
  });
  registry.addFileType({
    name: UNFINISHED_TYPE,
    displayName: 'Unfinished OME-Zarr',
    mimeTypes: [],
    extensions: [],
    pattern: '\\.partial$',
    contentType: 'directory',
    icon: pyramidIcon
  });
}
