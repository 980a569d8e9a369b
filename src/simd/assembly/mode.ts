/**
 * The value that occurs most often among eight, lane by lane; of several, the one that comes first. NaN is not counted,
 * and is the mode only where there is nothing else.
 */
export function mode<T>(v0: v128, v1: v128, v2: v128, v3: v128, v4: v128, v5: v128, v6: v128, v7: v128): v128 {
  // Comparisons give -1 where they hold, so that counts are negative.
  let best = v0;
  let count = plus<T>(
    plus<T>(plus<T>(same<T>(v0, v0), same<T>(v0, v1)), plus<T>(same<T>(v0, v2), same<T>(v0, v3))),
    plus<T>(plus<T>(same<T>(v0, v4), same<T>(v0, v5)), plus<T>(same<T>(v0, v6), same<T>(v0, v7)))
  );
  // Four of eight that come first are beaten by nothing.
  if (!v128.any_true(less<T>(splat<T>(-4), count))) return best;
  // A value that has been counted before is counted short here, and loses against itself.
  let rival = plus<T>(
    plus<T>(plus<T>(same<T>(v1, v1), same<T>(v1, v2)), plus<T>(same<T>(v1, v3), same<T>(v1, v4))),
    plus<T>(plus<T>(same<T>(v1, v5), same<T>(v1, v6)), same<T>(v1, v7))
  );
  let wins = less<T>(rival, count);
  best = v128.bitselect(v1, best, wins);
  count = v128.bitselect(rival, count, wins);
  rival = plus<T>(
    plus<T>(plus<T>(same<T>(v2, v2), same<T>(v2, v3)), plus<T>(same<T>(v2, v4), same<T>(v2, v5))),
    plus<T>(same<T>(v2, v6), same<T>(v2, v7))
  );
  wins = less<T>(rival, count);
  best = v128.bitselect(v2, best, wins);
  count = v128.bitselect(rival, count, wins);
  rival = plus<T>(
    plus<T>(plus<T>(same<T>(v3, v3), same<T>(v3, v4)), plus<T>(same<T>(v3, v5), same<T>(v3, v6))),
    same<T>(v3, v7)
  );
  wins = less<T>(rival, count);
  best = v128.bitselect(v3, best, wins);
  count = v128.bitselect(rival, count, wins);
  rival = plus<T>(plus<T>(same<T>(v4, v4), same<T>(v4, v5)), plus<T>(same<T>(v4, v6), same<T>(v4, v7)));
  wins = less<T>(rival, count);
  best = v128.bitselect(v4, best, wins);
  count = v128.bitselect(rival, count, wins);
  rival = plus<T>(plus<T>(same<T>(v5, v5), same<T>(v5, v6)), same<T>(v5, v7));
  wins = less<T>(rival, count);
  best = v128.bitselect(v5, best, wins);
  count = v128.bitselect(rival, count, wins);
  rival = plus<T>(same<T>(v6, v6), same<T>(v6, v7));
  wins = less<T>(rival, count);
  best = v128.bitselect(v6, best, wins);
  count = v128.bitselect(rival, count, wins);
  // The last value wins only where all before it are NaN.
  return v128.bitselect(v7, best, less<T>(same<T>(v7, v7), count));
}

function same<T>(a: v128, b: v128): v128 {
  return v128.eq<T>(a, b);
}

// Counts are signed integers of the values' width.

function plus<T>(a: v128, b: v128): v128 {
  if (sizeof<T>() == 1) return v128.add<i8>(a, b);
  if (sizeof<T>() == 2) return v128.add<i16>(a, b);
  return sizeof<T>() == 4 ? v128.add<i32>(a, b) : v128.add<i64>(a, b);
}

function less<T>(a: v128, b: v128): v128 {
  if (sizeof<T>() == 1) return v128.lt<i8>(a, b);
  if (sizeof<T>() == 2) return v128.lt<i16>(a, b);
  return sizeof<T>() == 4 ? v128.lt<i32>(a, b) : v128.lt<i64>(a, b);
}

function splat<T>(value: i32): v128 {
  if (sizeof<T>() == 1) return v128.splat<i8>(<i8>value);
  if (sizeof<T>() == 2) return v128.splat<i16>(<i16>value);
  return sizeof<T>() == 4 ? v128.splat<i32>(value) : v128.splat<i64>(value);
}
