/** Copies nz × ny rows of rowBytes, each side with its own strides. */
export function copyBox(
  source: usize,
  sourcePlane: usize,
  sourceRow: usize,
  target: usize,
  targetPlane: usize,
  targetRow: usize,
  nz: usize,
  ny: usize,
  rowBytes: usize
): void {
  for (let z: usize = 0; z < nz; z++) {
    let from = source + z * sourcePlane;
    let to = target + z * targetPlane;
    if (sourceRow == rowBytes && targetRow == rowBytes) {
      memory.copy(to, from, ny * rowBytes);
      continue;
    }
    for (let y: usize = 0; y < ny; y++) {
      memory.copy(to, from, rowBytes);
      from += sourceRow;
      to += targetRow;
    }
  }
}

export function fill(address: usize, byte: u8, length: usize): void {
  memory.fill(address, byte, length);
}
