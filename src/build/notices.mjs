// The licence texts of what others wrote and is shipped in our bundles. A part without its text fails the build.
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './environment.mjs';

/**
 * Texts that a package does not bring, or that a part of it needs beside the package's own: files, and words of who
 * holds the copyright.
 */
const APACHE = 'node_modules/neuroglancer/LICENSE';
const AWS = 'node_modules/@aws-sdk/client-s3/LICENSE';
const MORE = {
  '@aws-sdk/credential-provider-http': [AWS],
  '@aws-sdk/credential-provider-login': [AWS],
  '@aws-sdk/nested-clients': [AWS],
  '@jupyter-widgets/base': ['src/build/licenses/jupyter-widgets.txt'],
  lerc: [{ says: 'Copyright 2015-2021 Esri' }, APACHE],
  zeromq: ['src/build/licenses/MPL-2.0.txt', 'src/build/licenses/libsodium.txt']
};

const read = path => readFileSync(join(ROOT, path), 'utf8').trim();

/**
 * The folders, relative to the project, of the packages that files lie in; a bundler may have put loaders before a
 * path, with `!`.
 */
function packageFolders(paths) {
  const found = new Set();
  for (const path of paths) {
    const folder = /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)(?=[\\/])/.exec(path.split('!').pop())?.[0];
    if (folder) found.add(folder.slice(folder.indexOf('node_modules')));
  }
  return [...found].sort();
}

function textOf(folder) {
  const { name, version, license } = JSON.parse(read(join(folder, 'package.json')));
  const own = readdirSync(join(ROOT, folder))
    .filter(file => /^(licen[cs]e|notice|copying)/i.test(file) && statSync(join(ROOT, folder, file)).isFile())
    .map(file => read(join(folder, file)));
  return { name, version, license, text: complete(name, own) };
}

function complete(name, own) {
  const more = (MORE[name] ?? []).map(part => (typeof part === 'string' ? read(part) : part.says));
  const text = [...own, ...more].filter(Boolean).join('\n\n');
  if (!text)
    throw new Error(
      `${name} is shipped without the text of its licence: put it into src/build/licenses and name it in notices.mjs`
    );
  return text;
}

/** Writes the texts of the packages that `paths` lie in to `file`. */
export function writeNotices(file, paths) {
  const texts = packageFolders(paths)
    .map(textOf)
    .map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}`);
  writeFileSync(file, `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`);
}

/**
 * Completes JupyterLab's list of what is in an extension: texts that its builder did not find, and packages of `paths`
 * that it left out.
 */
export function completeList(file, paths) {
  const list = JSON.parse(readFileSync(file, 'utf8'));
  for (const entry of list.packages) entry.extractedText = complete(entry.name, [entry.extractedText]);
  const listed = new Set(list.packages.map(({ name }) => name));
  for (const { name, version, license, text } of packageFolders(paths).map(textOf)) {
    if (!listed.has(name)) list.packages.push({ name, versionInfo: version, licenseId: license, extractedText: text });
  }
  writeFileSync(file, `${JSON.stringify(list, null, 2)}\n`);
}
