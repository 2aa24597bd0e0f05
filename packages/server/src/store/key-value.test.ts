import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { KeyValueStore } from './key-value.js';

it('is made by the first write alone: reading a store that is not there finds nothing and writes nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'voisin-key-value-'));
  try {
    const store = new KeyValueStore(join(folder, '.system'));
    expect(await store.get('a')).toBeUndefined();
    expect(await store.range({ gte: '', lt: '~' })).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
    await store.put('a', '1');
    expect(await store.range({ gte: '', lt: '~' })).toEqual([['a', '1']]);
    await store.close();
    const again = new KeyValueStore(join(folder, '.system'));
    expect(await again.get('a')).toBe('1');
    await again.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
