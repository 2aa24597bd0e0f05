import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRowCount } from './row-count.js';
import { RowStore } from './row-store.js';

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'voisin-count-')), 'rows');
});
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }));

const add = async (store: RowStore, row: number): Promise<void> => {
  await store.commit({
    added: [{ row, id: `v${row}`, values: Float32Array.of(1), metadata: '{}', text: undefined }],
    removed: [],
    rewritten: [],
  });
  await store.settle();
};

describe('the count of a closed store', () => {
  it('is there when it was closed, and gone from the first change on', async () => {
    let store = await RowStore.open(directory, 1);
    expect(await readRowCount(directory)).toBeUndefined();
    await add(store, 1);
    await add(store, 2);
    expect(await readRowCount(directory)).toBeUndefined();
    await store.close();
    expect(await readRowCount(directory)).toBe(2);
    store = await RowStore.open(directory, 1);
    expect(await readRowCount(directory)).toBe(2);
    await add(store, 3);
    // As a crash would find it.
    expect(await readRowCount(directory)).toBeUndefined();
    await store.close();
    expect(await readRowCount(directory)).toBe(3);
  });

  it('is not believed when it is of another change, or cut', async () => {
    const store = await RowStore.open(directory, 1);
    await add(store, 1);
    await store.close();
    const count = Buffer.alloc(16);
    count.writeDoubleLE(9, 0);
    count.writeDoubleLE(1, 8);
    await writeFile(join(directory, 'count'), count);
    expect(await readRowCount(directory)).toBeUndefined();
    await writeFile(join(directory, 'count'), Buffer.alloc(7));
    expect(await readRowCount(directory)).toBeUndefined();
  });

  it('is unknown where there is no store', async () => {
    expect(await readRowCount(join(directory, 'nowhere'))).toBeUndefined();
  });
});
