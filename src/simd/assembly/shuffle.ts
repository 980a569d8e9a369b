import { highBytes, lowBytes } from './lanes';

/** Byte k of every element goes into stream k; bytes after the last whole element are copied (C-Blosc's shuffle). */
export function shuffle(source: usize, target: usize, length: usize, size: usize): void {
  const n = length / size;
  if (size == 1) {
    memory.copy(target, source, length);
    return;
  }
  let done: usize = 0;
  if (size == 2) done = shuffle2(source, target, n);
  else if (size == 4) done = shuffle4(source, target, n);
  else if (size == 8) done = shuffle8(source, target, n);
  for (let k: usize = 0; k < size; k++) {
    const to = target + k * n;
    for (let i = done; i < n; i++) store<u8>(to + i, load<u8>(source + i * size + k));
  }
  memory.copy(target + n * size, source + n * size, length - n * size);
}

// Each takes 16 elements a turn and returns how many it took.

function shuffle2(source: usize, target: usize, n: usize): usize {
  let i: usize = 0;
  for (; i + 16 <= n; i += 16) {
    const p = source + (i << 1);
    const a = v128.load(p);
    const b = v128.load(p, 16);
    v128.store(target + i, v128.shuffle<u8>(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30));
    v128.store(target + n + i, v128.shuffle<u8>(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31));
  }
  return i;
}

// Bytes of two vectors in turn, again and again, move the upper half of a byte's place among 16 elements into the
// lower.

function shuffle4(source: usize, target: usize, n: usize): usize {
  let i: usize = 0;
  for (; i + 16 <= n; i += 16) {
    const p = source + (i << 2);
    let a = v128.load(p);
    let b = v128.load(p, 16);
    let c = v128.load(p, 32);
    let d = v128.load(p, 48);
    for (let turn = 0; turn < 2; turn++) {
      const ac = lowBytes(a, c);
      const ac2 = highBytes(a, c);
      const bd = lowBytes(b, d);
      const bd2 = highBytes(b, d);
      a = lowBytes(ac, bd);
      b = highBytes(ac, bd);
      c = lowBytes(ac2, bd2);
      d = highBytes(ac2, bd2);
    }
    v128.store(target + i, a);
    v128.store(target + n + i, b);
    v128.store(target + 2 * n + i, c);
    v128.store(target + 3 * n + i, d);
  }
  return i;
}

function shuffle8(source: usize, target: usize, n: usize): usize {
  let i: usize = 0;
  for (; i + 16 <= n; i += 16) {
    const p = source + (i << 3);
    let a = v128.load(p);
    let b = v128.load(p, 16);
    let c = v128.load(p, 32);
    let d = v128.load(p, 48);
    let e = v128.load(p, 64);
    let f = v128.load(p, 80);
    let g = v128.load(p, 96);
    let h = v128.load(p, 112);
    for (let turn = 0; turn < 2; turn++) {
      const ae = lowBytes(a, e);
      const ae2 = highBytes(a, e);
      const bf = lowBytes(b, f);
      const bf2 = highBytes(b, f);
      const cg = lowBytes(c, g);
      const cg2 = highBytes(c, g);
      const dh = lowBytes(d, h);
      const dh2 = highBytes(d, h);
      a = lowBytes(ae, cg);
      b = highBytes(ae, cg);
      c = lowBytes(ae2, cg2);
      d = highBytes(ae2, cg2);
      e = lowBytes(bf, dh);
      f = highBytes(bf, dh);
      g = lowBytes(bf2, dh2);
      h = highBytes(bf2, dh2);
    }
    let to = target + i;
    v128.store(to, a);
    v128.store((to += n), b);
    v128.store((to += n), c);
    v128.store((to += n), d);
    v128.store((to += n), e);
    v128.store((to += n), f);
    v128.store((to += n), g);
    v128.store((to += n), h);
  }
  return i;
}
