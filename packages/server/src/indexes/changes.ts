// A group of changes becomes one commit: which rows are new, which are gone, and what each caller is told.
import { type Commit, type NewRow } from '../store/row-store.js';
import type { VectorBatch } from './types.js';

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
  readonly rowOfId: ReadonlyMap<string, number | undefined>;
}

/** Plans the changes in order, each upon what those before it leave. Nothing is changed until the plan is committed and applied. */
export function planChanges(changes: readonly Change[], rowOfId: ReadonlyMap<string, number>, lastRow: number, dimension: number): Plan {
  const touched = new Map<string, number | undefined>();
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

  const results = changes.map((change) => {
    let count = 0;
    if (change.kind === 'remove') {
      for (const id of change.ids) if (drop(id)) count++;
      return { count };
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
    }
    return { count };
  });
  return { commit: { added: [...added.values()], removed, rewritten: [] }, results, rowOfId: touched };
}

/** What a change weighs in the queue: its values, metadata and ids. */
export function changeBytes(change: Change): number {
  if (change.kind === 'remove') return change.ids.reduce((sum, id) => sum + id.length, 64);
  const { ids, values, metadata, texts = [] } = change.batch;
  let characters = 0;
  for (let at = 0; at < ids.length; at++) characters += (ids[at]?.length ?? 0) + (metadata[at]?.length ?? 0) + (texts[at]?.length ?? 0);
  return values.byteLength + characters + 64;
}
