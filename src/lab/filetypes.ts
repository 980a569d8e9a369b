import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { pyramidIcon, stackIcon } from './icons.ts';
import { OME_ZARR_TYPE, TIFF_TYPE, UNFINISHED_TYPE } from './ids.ts';

/**
 * The file types of volumes. A pattern goes before the extensions that JupyterLab itself knows, so that `.tif` is ours first and an
 * image second; patterns have no flags, so that both cases are spelled out.
 */
export function addFileTypes(registry: DocumentRegistry): void {
  registry.addFileType({
    name: TIFF_TYPE,
    displayName: 'TIFF volume',
    mimeTypes: ['image/tiff'],
    extensions: [],
    pattern: '\\.([tT][iI][fF][fF]?|[bB][tT][fF]|[tT][fF]8)$',
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
    name: UNFINISHED_TYPE,
    displayName: 'Unfinished OME-Zarr',
    mimeTypes: [],
    extensions: [],
    pattern: '\\.partial$',
    contentType: 'directory',
    icon: pyramidIcon
  });
}
