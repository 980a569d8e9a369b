/** Counts bytes of a sample into 256 u32 at table: short runs, evenly spaced; all bytes when there are few. Returns how many. */
export function countBytes(source: usize, length: usize, table: usize): usize {
  memory.fill(table, 0, 1024);
  const run: usize = 64;
  const runs: usize = 256;
  if (length <= run * runs) {
    for (let i: usize = 0; i < length; i++) count(table, source + i);
    return length;
  }
  const step = length / runs;
  for (let r: usize = 0; r < runs; r++) {
    for (let i: usize = 0; i < run; i++) count(table, source + r * step + i);
  }
  return run * runs;
}

function count(table: usize, at: usize): void {
  const entry = table + ((<usize>load<u8>(at)) << 2);
  store<u32>(entry, load<u32>(entry) + 1);
}
