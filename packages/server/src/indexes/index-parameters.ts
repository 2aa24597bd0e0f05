// What the parameters of an index may be, and what they are where nobody says: the one place for definitions, schemas and the page at /docs.
import type { IndexParameters } from './types.js';

export interface ParameterRange {
  readonly least: number;
  readonly most: number;
  /** Undefined: it depends on the dimension or on the number of vectors. */
  readonly usual?: number;
}

type Parameter = Exclude<keyof IndexParameters, 'embedding'>;

export const indexParameters = {
  M: { least: 2, most: 512, usual: 32 },
  ef_construction: { least: 1, most: 10_000, usual: 40 },
  ef_search: { least: 1, most: 10_000, usual: 64 },
  nlist: { least: 1, most: 65_536 },
  nprobe: { least: 1, most: 65_536, usual: 16 },
  m: { least: 1, most: 4096 },
  nbits: { least: 4, most: 8, usual: 8 },
} as const satisfies Readonly<Record<Parameter, ParameterRange>>;

/** Checked in every definition. The others are checked where a type uses them: a stored definition may hold one that its type does not. */
export const rangedParameters = ['ef_construction', 'ef_search', 'nlist', 'nprobe'] as const satisfies readonly Parameter[];
