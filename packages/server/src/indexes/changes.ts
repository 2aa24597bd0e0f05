// A group of changes becomes one commit: which rows are new, which are gone, and what each caller is told.
import { type Pieces } from '../turns.js';
import { type Commit, type NewRow } from '../store/row-store.js';
import type { VectorBatch } from './types.js';
import { SplitMap } from './split-map.js';

export type Change =
  | { readonly kind: 'upsert'; readonly batch: VectorBatch }
  | { readonly kind: 'remove'; readonly ids: readonly string[] };

/** An upsert: ids that were not there before. A removal: ids that were. */
export interface ChangeResult {
  readonly count: number;
}

export interface Plan {
  readonly commit: Commit;
  readonly results: readonly ChangeResult[];
  /** Where each id that the group touched ends: its row, or undefined for gone. */
  readonly rowOfId: SplitMap<string, number | undefined>;
}

/** Steps of planning one vector. */
const stepsOfOne = 16;
/** What LevelDB, the columns and the maps of an index need for a vector, whatever its size: a commit of many small ones stays a short one. */
const bytesOfOne = 128;

/**
 * Plans the changes in order, each upon what those before it leave. Nothing is changed until the plan is committed and applied, and nothing else may
 * be changed meanwhile.
 */
export function* planChanges(
  changes: readonly Change[],
  rowOfId: { get(id: string): number | undefined },
  lastRow: number,
  dimension: number,
): Pieces<Plan> {
  const touched = SplitMap.byId<number | undefined>();
  const added = new Map<number, NewRow>();
  const removed: number[] = [];
  let row = lastRow;

  /** Takes the id's row away, if it has one. A row of this very group never reaches the disk. */
  const drop = (id: string): boolean => {
    const old = touched.has(id) ? touched.get(id) : rowOfId.get(id);
    if (old === undefined) return false;
    if (!added.delete(old)) removed.push(old);
    touched.set(id, undefined);
    return true;
  };

  const results: ChangeResult[] = [];
  for (const change of changes) {
    let count = 0;
    if (change.kind === 'remove') {
      for (const id of change.ids) {
        if (drop(id)) count++;
        yield stepsOfOne;
      }
      results.push({ count });
      continue;
    }
    const { ids, values, metadata, texts } = change.batch;
    for (const [at, id] of ids.entries()) {
      if (!drop(id)) count++;
      row++;
      touched.set(id, row);
      added.set(row, {
        row,
        id,
        values: values.subarray(at * dimension, (at + 1) * dimension),
        metadata: metadata[at] ?? '{}',
        text: texts?.[at],
      });
      yield stepsOfOne;
    }
    results.push({ count });
  }
  return { commit: { added: [...added.values()], removed, rewritten: [] }, results, rowOfId: touched };
}

/** What a change weighs in the queue: its values, metadata and ids, and what each vector costs beside them. */
export function changeBytes(change: Change): number {
  if (change.kind === 'remove') return change.ids.reduce((sum, id) => sum + id.length + bytesOfOne, 64);
  const { ids, values, metadata, texts = [] } = change.batch;
  let characters = 0;
  for (let at = 0; at < ids.length; at++) characters += (ids[at]?.length ?? 0) + (metadata[at]?.length ?? 0) + (texts[at]?.length ?? 0);
  return values.byteLength + characters + ids.length * bytesOfOne + 64;
}
