// Numbers for randomised tests: the same ones for the same seed.

/** SEED of the environment, or another one each time. A test says it in its name. */
export const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

export interface Random {
  /** 0 to below `count`. */
  below(count: number): number;
  /** `count` ids below `vocabulary`. */
  ids(count: number, vocabulary: number): Int32Array;
  /** The same ones in another order. */
  shuffled<T>(values: readonly T[]): T[];
}

export function random(from: number): Random {
  let state = from >>> 0;
  /** In [0, 1): mulberry32. */
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (count: number) => Math.floor(next() * count);
  return {
    below,
    ids: (count, vocabulary) => Int32Array.from({ length: count }, () => below(vocabulary)),
    shuffled(values) {
      const rest = [...values];
      return values.flatMap(() => rest.splice(below(rest.length), 1));
    },
  };
}
