// index.faiss: it saves work at a start, and whatever befalls it, the store has everything.
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { answers, dimension, exists, fill, names, newSeed, Random, TestHouse } from './testing.js';

const seed = Number(process.env['SEED'] ?? newSeed());

describe(`a snapshot (SEED=${seed})`, () => {
  const restarted = async (
    spoil: (path: string) => Promise<void>,
  ): Promise<{ house: TestHouse; before: string[][]; after: string[][]; path: string }> => {
    const house = await TestHouse.make();
    const index = await house.make({ dimension, index_type: 'HNSW16' });
    await fill(index, new Random(seed), names(500));
    await index.delete(names(50));
    const before = await answers(index, seed);
    await house.close();
    const path = join(house.directoryOf(index.definition.id), 'index.faiss');
    await spoil(path);
    await house.open();
    return { house, before, after: await answers(house.get(index.definition.id), seed), path };
  };

  it('that is whole serves, and the rows after it are added', async () => {
    await using house = await TestHouse.make();
    const index = await house.make({ dimension, index_type: 'HNSW16' });
    const random = new Random(seed);
    await fill(index, random, names(300));
    await house.restart();
    const again = house.get(index.definition.id);
    const path = join(house.directoryOf(index.definition.id), 'index.faiss');
    const old = await readFile(path);
    await fill(again, random, names(100, 250));
    await again.delete(['v0', 'v300']);
    const before = await answers(again, seed);
    await house.close();
    // As after a crash: the snapshot is older than the store.
    await writeFile(path, old);
    await house.open();
    const last = house.get(index.definition.id);
    expect(await last.count()).toBe(348);
    expect(await answers(last, seed)).toEqual(before);
    expect(house.log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });

  it.each([
    ['cut', (path: string) => truncate(path, 5000)],
    [
      'altered',
      async (path: string) => {
        const bytes = await readFile(path);
        bytes[3000] = (bytes[3000] ?? 0) ^ 1;
        await writeFile(path, bytes);
      },
    ],
    ['empty', (path: string) => writeFile(path, '')],
    ['another program’s', (path: string) => writeFile(path, 'something else entirely, and longer than a footer')],
  ] as const)('that is %s is set aside, and made again with the same answers', async (_how, spoil) => {
    const { house, before, after, path } = await restarted(async (path) => {
      await spoil(path);
      // What an earlier accident left must not stop it.
      await mkdir(join(`${path}.damaged`, 'folder'), { recursive: true });
    });
    await using whole = house;
    expect(after).toEqual(before);
    expect(whole.log.lines).toContainEqual(expect.objectContaining({ level: 'warn', message: expect.stringContaining('set aside') }));
    await house.close();
    expect(await exists(path)).toBe(true);
    expect((await readFile(`${path}.damaged`)).length).toBeGreaterThanOrEqual(0);
  });

  it.each(['file', 'directory'])('is not stopped by a temporary %s of an earlier one', async (kind) => {
    const { house, before, after, path } = await restarted(async (path) => {
      if (kind === 'file') await writeFile(`${path}.new`, 'half');
      else await mkdir(join(`${path}.new`, 'folder'), { recursive: true });
    });
    await using whole = house;
    expect(after).toEqual(before);
    expect(await exists(`${path}.new`)).toBe(false);
    expect(whole.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('is written again and again, one after another, while changes come', async () => {
    await using house = await TestHouse.make({ snapshotMilliseconds: 0, snapshotPauseMilliseconds: 0 });
    const index = await house.make({ dimension });
    const random = new Random(seed);
    const seen = new Set<string | undefined>();
    for (let at = 0; seen.size < 3; at++) {
      await fill(index, random, names(20, 20 * at));
      seen.add((await index.stats()).snapshot_at);
    }
    const count = await index.count();
    await house.restart();
    expect(await house.get(index.definition.id).count()).toBe(count);
    expect(house.log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  });
});
