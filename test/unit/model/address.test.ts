import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressName, adviceOnPath, placeBelow, shownAddress } from '../../../src/model/address.ts';
import { standInFor, wholeAddress } from '../../../src/remote/stand-ins.ts';

test('the name of a file is found in its address, also where repositories have it elsewhere than at the end', () => {
  for (const [address, name] of [
    ['https://host/a/scan%20%C3%A4.tif', 'scan ä.tif'],
    ['https://host/a/scan.tif?download=1#page', 'scan.tif'],
    ['https://host/api/records/7/files/scan.ome.tif/content', 'scan.ome.tif'],
    ['https://host/api/records/7/files/scan.ozx/content', 'scan.ozx'],
    ['https://host/download?file=%2Fdata%2Fscan.tif&session=1', 'scan.tif'],
    ['https://host/18a?response-content-disposition=attachment%3B%20filename%3D%22scan.tif%22&signature=1', 'scan.tif'],
    ["https://host/18a?disposition=attachment;filename*=UTF-8''scan%2520%25C3%25A4.tif", 'scan ä.tif'],
    ['https://host/scan.tif/mouse.ome.zarr', 'mouse.ome.zarr'],
    ['https://host/files/12345', '12345'],
    ['https://host/%E0%A4%A', '%E0%A4%A'],
    ['https://host/', ''],
    ['s3://bucket/scan.tif/part', 'part']
  ])
    assert.equal(addressName(address), name, address);
});

test('what stands for an address holds no key, and leads back to it', () => {
  const whole = 'https://me:secret@host/download?file=scan.tif&key=secret';
  const standIn = standInFor(whole);
  assert.match(standIn, /^https:\/\/host\/download#file=scan\.tif&key=[0-9a-f]{8}$/);
  assert.equal(standInFor(whole), standIn);
  assert.equal(standInFor(standIn), standIn);
  assert.equal(wholeAddress(standIn), whole);
  assert.equal(addressName(standIn), 'scan.tif');
  assert.notEqual(standInFor(`${whole}2`), standIn);
  for (const other of ['https://host/a.tif', 'https://host/a.tif?download=1', 's3://bucket/a.tif', '/data/a?b=c'])
    assert.equal(standInFor(other), other);
  assert.throws(
    () => wholeAddress('https://host/a.tif#key=00000000'),
    /^ConvertError: https:\/\/host\/a\.tif: its login/
  );
});

test('an image of a collection is found by what stands for that', () => {
  const whole = 'https://me:secret@host/plate.ome.zarr/?key=secret';
  const image = placeBelow(standInFor(whole), '0');
  assert.match(image, /^https:\/\/host\/plate\.ome\.zarr\/0#key=[0-9a-f]{8}$/);
  assert.equal(wholeAddress(image), 'https://me:secret@host/plate.ome.zarr/0?key=secret');
  assert.throws(() => wholeAddress(image.replace('plate', 'other')));
  assert.equal(placeBelow('s3://bucket/plate.ome.zarr', '0'), 's3://bucket/plate.ome.zarr/0');
  assert.equal(placeBelow('data/a?b/plate.ome.zarr/', '0'), 'data/a?b/plate.ome.zarr/0');
});

test('nobody is shown a key', () => {
  for (const [address, shown] of [
    ['https://me:secret@host/scan.tif?key=secret#page', 'https://host/scan.tif'],
    ['https://me:secret#1@host/scan.tif?key=secret', 'https://host/scan.tif'],
    ['s3://key:secret@bucket/scan.tif', 's3://bucket/scan.tif'],
    ['s3://bucket/a@b.tif', 's3://bucket/a@b.tif']
  ])
    assert.equal(shownAddress(address), shown);
});

test('an address that has lost a slash, or is of another kind, is known as one', () => {
  assert.match(adviceOnPath('/home/me/s3:/bucket/scan.tif')!, /: s3:\/\/bucket\/scan\.tif$/);
  assert.match(adviceOnPath('https:/host/scan.tif')!, /: https:\/\/host\/scan\.tif$/);
  assert.match(adviceOnPath('file:///data/scan.tif')!, /path alone, without file:/);
  assert.match(adviceOnPath('/home/me/gs:/bucket/a.zarr')!, /s3:\/\/bucket\/a\.zarr, with AWS_ENDPOINT_URL/);
  assert.match(adviceOnPath('sftp://host/scan.tif')!, /begins with https:\/\/.* not with sftp:\/\//);
  assert.match(adviceOnPath('s3a://bucket/a.zarr')!, /give s3:\/\/bucket\/a\.zarr$/);
  assert.match(adviceOnPath('/home/me/abfs:/box@account/a.zarr')!, /by its address of the web/);
  assert.match(adviceOnPath('foo+bar://host/a.zarr')!, /not with foo\+bar:/);
  for (const path of ['C:/data/scan.tif', '/home/me/scan.tif', 's3://bucket/scan.tif', '/data/s3:', 'news3:/x'])
    assert.equal(adviceOnPath(path), null);
});
