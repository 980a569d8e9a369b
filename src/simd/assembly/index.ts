import * as halving from './halve';
import * as scaling from './scale';
import * as scanning from './scan';
import * as tallying from './tally';

export { lz4Block, shuffleBlock } from './blosc';
export { copyBox, fill } from './box';
export { checksum } from './checksum';
export { noisy } from './noisy';
export { firstDifference } from './differ';
export { lz4 } from './lz4';
export { scannedMax, scannedMin, scannedNaNs } from './scan';
export { bitshuffle } from './bitshuffle';
export { shuffle } from './shuffle';
export { swap2, swap4, swap8 } from './swap';
export { addTally } from './tally';
export { unlz4 } from './unlz4';
export { unbitshuffle, unshuffle } from './unshuffle';

// Types by number, in the order of ELEMENTS in ../index.ts: uint8, uint16, uint32, int8, int16, int32, float32, uint64, int64,
// float64.

export function halve(
  element: u32,
  method: u32,
  source: usize,
  sourcePlane: usize,
  sourceRow: usize,
  target: usize,
  targetPlane: usize,
  targetRow: usize,
  nz: usize,
  ny: usize,
  nx: usize,
  fz: usize,
  fy: usize,
  fx: usize
): void {
  switch (element) {
    case 0:
      return halving.halve<u8>(
        method,
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        fz,
        fy,
        fx
      );
    case 1:
      return halving.halve<u16>(
        method,
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        fz,
        fy,
        fx
      );
    case 2:
      return halving.halve<u32>(
        method,
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        fz,
        fy,
        fx
      );
    case 3:
      return halving.halve<i8>(
        method,
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        fz,
        fy,
        fx
      );
    case 4:
      return halving.halve<i16>(
        method,
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        fz,
        fy,
        fx
      );
    case 5:
      return halving.halve<i32>(
        method,
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        fz,
        fy,
        fx
      );
    case 6:
      return halving.halve<f32>(
        method,
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        fz,
        fy,
        fx
      );
    case 7:
      return halving.halve<u64>(
        method,
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        fz,
        fy,
        fx
      );
    case 8:
      return halving.halve<i64>(
        method,
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        fz,
        fy,
        fx
      );
    default:
      return halving.halve<f64>(
        method,
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        fz,
        fy,
        fx
      );
  }
}

export function scan(element: u32, source: usize, plane: usize, row: usize, nz: usize, ny: usize, nx: usize): void {
  switch (element) {
    case 0:
      return scanning.scan<u8>(source, plane, row, nz, ny, nx);
    case 1:
      return scanning.scan<u16>(source, plane, row, nz, ny, nx);
    case 2:
      return scanning.scan<u32>(source, plane, row, nz, ny, nx);
    case 3:
      return scanning.scan<i8>(source, plane, row, nz, ny, nx);
    case 4:
      return scanning.scan<i16>(source, plane, row, nz, ny, nx);
    case 5:
      return scanning.scan<i32>(source, plane, row, nz, ny, nx);
    case 6:
      return scanning.scan<f32>(source, plane, row, nz, ny, nx);
    case 7:
      return scanning.scan<u64>(source, plane, row, nz, ny, nx);
    case 8:
      return scanning.scan<i64>(source, plane, row, nz, ny, nx);
    default:
      return scanning.scan<f64>(source, plane, row, nz, ny, nx);
  }
}

export function tally(
  element: u32,
  source: usize,
  plane: usize,
  row: usize,
  nz: usize,
  ny: usize,
  nx: usize,
  z0: usize,
  y0: usize,
  step: usize,
  table: usize
): void {
  switch (element) {
    case 0:
      return tallying.tally<u8>(source, plane, row, nz, ny, nx, z0, y0, step, table);
    case 1:
      return tallying.tally<u16>(source, plane, row, nz, ny, nx, z0, y0, step, table);
    case 2:
      return tallying.tally<u32>(source, plane, row, nz, ny, nx, z0, y0, step, table);
    case 3:
      return tallying.tally<i8>(source, plane, row, nz, ny, nx, z0, y0, step, table);
    case 4:
      return tallying.tally<i16>(source, plane, row, nz, ny, nx, z0, y0, step, table);
    case 5:
      return tallying.tally<i32>(source, plane, row, nz, ny, nx, z0, y0, step, table);
    case 6:
      return tallying.tally<f32>(source, plane, row, nz, ny, nx, z0, y0, step, table);
    case 7:
      return tallying.tally<u64>(source, plane, row, nz, ny, nx, z0, y0, step, table);
    case 8:
      return tallying.tally<i64>(source, plane, row, nz, ny, nx, z0, y0, step, table);
    default:
      return tallying.tally<f64>(source, plane, row, nz, ny, nx, z0, y0, step, table);
  }
}

export function scaleToUint16(
  element: u32,
  source: usize,
  sourcePlane: usize,
  sourceRow: usize,
  target: usize,
  targetPlane: usize,
  targetRow: usize,
  nz: usize,
  ny: usize,
  nx: usize,
  min: f64,
  max: f64
): f64 {
  switch (element) {
    case 0:
      return scaling.scale<u8, u16>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 1:
      return scaling.scale<u16, u16>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 2:
      return scaling.scale<u32, u16>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 3:
      return scaling.scale<i8, u16>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 4:
      return scaling.scale<i16, u16>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 5:
      return scaling.scale<i32, u16>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 6:
      return scaling.scale<f32, u16>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 7:
      return scaling.scale<u64, u16>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 8:
      return scaling.scale<i64, u16>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    default:
      return scaling.scale<f64, u16>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
  }
}

export function scaleToUint8(
  element: u32,
  source: usize,
  sourcePlane: usize,
  sourceRow: usize,
  target: usize,
  targetPlane: usize,
  targetRow: usize,
  nz: usize,
  ny: usize,
  nx: usize,
  min: f64,
  max: f64
): f64 {
  switch (element) {
    case 0:
      return scaling.scale<u8, u8>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 1:
      return scaling.scale<u16, u8>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 2:
      return scaling.scale<u32, u8>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 3:
      return scaling.scale<i8, u8>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 4:
      return scaling.scale<i16, u8>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 5:
      return scaling.scale<i32, u8>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 6:
      return scaling.scale<f32, u8>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 7:
      return scaling.scale<u64, u8>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    case 8:
      return scaling.scale<i64, u8>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
    default:
      return scaling.scale<f64, u8>(
        source,
        sourcePlane,
        sourceRow,
        target,
        targetPlane,
        targetRow,
        nz,
        ny,
        nx,
        min,
        max
      );
  }
}

export function castToFloat32(
  element: u32,
  source: usize,
  sourcePlane: usize,
  sourceRow: usize,
  target: usize,
  targetPlane: usize,
  targetRow: usize,
  nz: usize,
  ny: usize,
  nx: usize
): f64 {
  switch (element) {
    case 0:
      return scaling.cast<u8, f32>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 1:
      return scaling.cast<u16, f32>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 2:
      return scaling.cast<u32, f32>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 3:
      return scaling.cast<i8, f32>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 4:
      return scaling.cast<i16, f32>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 5:
      return scaling.cast<i32, f32>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 7:
      return scaling.cast<u64, f32>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 8:
      return scaling.cast<i64, f32>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    default:
      return scaling.cast<f64, f32>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
  }
}

export function castToFloat64(
  element: u32,
  source: usize,
  sourcePlane: usize,
  sourceRow: usize,
  target: usize,
  targetPlane: usize,
  targetRow: usize,
  nz: usize,
  ny: usize,
  nx: usize
): f64 {
  switch (element) {
    case 0:
      return scaling.cast<u8, f64>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 1:
      return scaling.cast<u16, f64>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 2:
      return scaling.cast<u32, f64>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 3:
      return scaling.cast<i8, f64>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 4:
      return scaling.cast<i16, f64>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 5:
      return scaling.cast<i32, f64>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 6:
      return scaling.cast<f32, f64>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    case 7:
      return scaling.cast<u64, f64>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
    default:
      return scaling.cast<i64, f64>(source, sourcePlane, sourceRow, target, targetPlane, targetRow, nz, ny, nx);
  }
}
