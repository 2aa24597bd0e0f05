import { describe, expect, it } from 'vitest';
import { inTurns } from '../turns.js';
import { type Change, changeBytes, type Plan, planChanges } from './changes.js';

const upsert = (...ids: string[]): Change => ({
  kind: 'upsert',
  batch: { ids, values: Float32Array.from({ length: ids.length * 2 }, (_, at) => at), metadata: ids.map((id) => `{"of":"${id}"}`) },
});
const remove = (...ids: string[]): Change => ({ kind: 'remove', ids });
const plan = (known: Record<string, number>, lastRow: number, ...changes: Change[]): Promise<Plan> =>
  inTurns(planChanges(changes, new Map(Object.entries(known)), lastRow, 2));

describe('a group of changes', () => {
  it('gives new vectors the next rows', async () => {
    const { commit, results, rowOfId } = await plan({}, 7, upsert('a', 'b'), upsert('c'));
    expect(commit.added.map(({ row, id, values }) => [row, id, ...values])).toEqual([
      [8, 'a', 0, 1],
      [9, 'b', 2, 3],
      [10, 'c', 0, 1],
    ]);
    expect(commit.removed).toEqual([]);
    expect(results).toEqual([{ count: 2 }, { count: 1 }]);
    expect([...rowOfId.entries()]).toEqual([['a', 8], ['b', 9], ['c', 10]]); // prettier-ignore
  });

  it('takes away the row of a vector that is replaced', async () => {
    const { commit, results } = await plan({ a: 3 }, 7, upsert('a', 'b'));
    expect(commit.removed).toEqual([3]);
    expect(results).toEqual([{ count: 1 }]);
  });

  it('lets the last of the same ids win, and never writes the others', async () => {
    const { commit, results, rowOfId } = await plan({ a: 3 }, 7, upsert('a', 'a'), upsert('a'));
    expect(commit.removed).toEqual([3]);
    expect(commit.added.map(({ row }) => row)).toEqual([10]);
    expect(results).toEqual([{ count: 0 }, { count: 0 }]);
    expect(rowOfId.get('a')).toBe(10);
  });

  it('counts removals of what is there, once each, also of what the group itself added', async () => {
    const { commit, results, rowOfId } = await plan({ a: 3 }, 7, remove('a', 'a', 'x'), upsert('b'), remove('b', 'a'), upsert('a'));
    expect(results).toEqual([{ count: 1 }, { count: 1 }, { count: 1 }, { count: 1 }]);
    expect(commit.removed).toEqual([3]);
    expect(commit.added.map(({ id, row }) => [id, row])).toEqual([['a', 9]]);
    expect(rowOfId.get('b')).toBeUndefined();
  });

  it('is empty when it changes nothing', async () => {
    const { commit } = await plan({ a: 1 }, 7, remove('x'), upsert('b'), remove('b'));
    expect(commit).toEqual({ added: [], removed: [], rewritten: [] });
  });

  it('weighs its values, ids, metadata and texts', () => {
    expect(changeBytes(remove('abc', 'de'))).toBe(5 + 2 * 128 + 64);
    const change: Change = { kind: 'upsert', batch: { ids: ['ab'], values: new Float32Array(4), metadata: ['{}'], texts: ['12345'] } };
    expect(changeBytes(change)).toBe(16 + 2 + 2 + 5 + 128 + 64);
  });
});
