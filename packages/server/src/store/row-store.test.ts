import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NewRow, RowStore } from './row-store.js';

const dimension = 4;
let directory: string;
const open = (): Promise<RowStore> => RowStore.open(directory, dimension);
const row = (number: number, more: Partial<NewRow> = {}): NewRow => ({
  row: number,
  id: `id ${number}`,
  values: Float32Array.of(number, 0, -1, 0.5),
  metadata: '{}',
  text: undefined,
  ...more,
});
const add = async (store: RowStore, ...added: NewRow[]): Promise<void> => {
  await store.commit({ added, removed: [], rewritten: [] });
  await store.settle();
};
const idsOf = async (store: RowStore): Promise<string[]> => {
  const all: string[] = [];
  for await (const entries of store.ids()) all.push(...entries.map(({ row, id }) => `${row} ${id}`));
  return all;
};
const levelFile = async (pattern: RegExp): Promise<string> => {
  const names = await readdir(join(directory, 'level'));
  return join(
    directory,
    'level',
    names
      .filter((name) => pattern.test(name))
      .sort()
      .at(-1) ?? 'none',
  );
};
async function flipByte(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  const place = at < 0 ? bytes.length + at : at;
  bytes[place] = (bytes[place] ?? 0) ^ 0xff;
  await writeFile(path, bytes);
}
/** Twenty commits of 2,000 floats that do not compress: so many that an altered block of the log loses some in the middle. */
const noise = (): Float32Array => Float32Array.from({ length: 2000 }, Math.random);
async function manyCommits(): Promise<void> {
  const wide = await RowStore.open(directory, 2000);
  for (let number = 1; number <= 20; number++) await add(wide, row(number, { values: noise() }));
  await wide.close();
}

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'voisin-store-')), 'rows');
  await mkdir(directory);
});
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }));

describe('a store of rows', () => {
  it('gives back what was committed after it was closed and opened again', async () => {
    const first = await open();
    await add(first, row(1, { metadata: '{"a":"é"}', text: 'one' }), row(2), row(5));
    await first.commit({ added: [], removed: [2], rewritten: [{ row: 5, metadata: '{"b":2}', text: 'five' }] });
    await first.close();
    const store = await open();
    expect(store.state).toEqual({ lastRow: 5, changes: 2, rows: 2 });
    expect(await idsOf(store)).toEqual(['1 id 1', '5 id 5']);
    expect(await store.metadataOf([5, 1, 2])).toEqual(['{"b":2}', '{"a":"é"}', '{}']);
    expect(await store.textsOf([1, 5, 2])).toEqual(['one', 'five', undefined]);
    const { values, missing } = await store.values([5, 2, 1]);
    expect([...values.subarray(0, 4), ...values.subarray(8)]).toEqual([5, 0, -1, 0.5, 1, 0, -1, 0.5]);
    expect([...missing]).toEqual([2]);
    await store.close();
  });

  it('shows reads the state before a commit until that is settled', async () => {
    const store = await open();
    await add(store, row(1, { metadata: '{"old":1}' }));
    await store.commit({ added: [row(2)], removed: [1], rewritten: [] });
    expect(await store.metadataOf([1])).toEqual(['{"old":1}']);
    expect(await idsOf(store)).toEqual(['1 id 1']);
    await store.settle();
    expect((await store.values([1])).missing.has(1)).toBe(true);
    expect(await idsOf(store)).toEqual(['2 id 2']);
    await store.close();
  });

  it('lets a scan that began before a commit was settled go on', async () => {
    const store = await open();
    await add(store, ...Array.from({ length: 2500 }, (_, at) => row(at + 1)));
    await store.commit({ added: [], removed: [1, 2400], rewritten: [] });
    const scan = store.valuesAfter(0);
    let rows = (await scan.next()).value?.rows.length ?? 0;
    await store.settle();
    for await (const step of scan) rows += step.rows.length;
    expect(rows).toBe(2500);
    await store.close();
  });

  it('never uses a row number twice, also when the last rows were removed', async () => {
    const store = await open();
    await add(store, row(1), row(2));
    await store.commit({ added: [], removed: [1, 2], rewritten: [] });
    await store.close();
    const again = await open();
    expect(again.state).toEqual({ lastRow: 2, changes: 2, rows: 0 });
    await again.close();
  });

  it('keeps the trained index apart from rows', async () => {
    const store = await open();
    expect(await store.trained()).toBeUndefined();
    await store.putTrained(Buffer.from('trained bytes'));
    await add(store, row(1, { text: 'text' }));
    expect(Buffer.from((await store.trained()) ?? []).toString()).toBe('trained bytes');
    expect(await store.textsOf([1])).toEqual(['text']);
    await store.close();
  });

  it('can be opened again in place while reads wait', async () => {
    const store = await open();
    await add(store, row(1, { metadata: '{"a":1}' }));
    const reopened = store.reopen();
    expect(await store.metadataOf([1])).toEqual(['{"a":1}']);
    await reopened;
    await add(store, row(2));
    expect(store.state.changes).toBe(2);
    await store.close();
    await store.close();
  });

  it('says that its log was cut when answered commits are missing', async () => {
    await manyCommits();
    const log = await levelFile(/\.log$/);
    await truncate(log, 100_000);
    await expect(RowStore.open(directory, 2000)).rejects.toThrow(/ends at change \d+, but change 20 was answered/);
    await rm(join(directory, 'acknowledged'));
    const rest = await RowStore.open(directory, 2000);
    expect(rest.state.rows).toBeGreaterThan(5);
    expect(rest.state.rows).toBeLessThan(20);
    await rest.close();
  });

  it('says that a log was altered when a commit in the middle is missing', async () => {
    await manyCommits();
    await flipByte(await levelFile(/\.log$/), 60_000);
    await expect(RowStore.open(directory, 2000)).rejects.toThrow(/lost a change before change 20: a file of it was altered/);
    await rm(join(directory, 'acknowledged'));
    const rest = await RowStore.open(directory, 2000);
    expect((await idsOf(rest)).length).toBeGreaterThan(10);
    await add(rest, row(21, { values: new Float32Array(2000) }));
    await rest.close();
    await (await RowStore.open(directory, 2000)).close();
  });

  it('says which table was cut', async () => {
    await manyCommits();
    // Opening writes the log into a table.
    await (await RowStore.open(directory, 2000)).close();
    const table = await levelFile(/\.ldb$/);
    await truncate(table, 50_000);
    await expect(RowStore.open(directory, 2000)).rejects.toThrow(/\.ldb has 50000 bytes and should have \d+/);
  });

  it('finds altered bytes in a table when it reads them', async () => {
    await manyCommits();
    await (await RowStore.open(directory, 2000)).close();
    await flipByte(await levelFile(/\.ldb$/), 80_000);
    const readAll = async (): Promise<void> => {
      const store = await RowStore.open(directory, 2000);
      try {
        await idsOf(store);
        for await (const step of store.valuesAfter(0)) expect(step.rows.length).toBeGreaterThan(0);
      } finally {
        await store.close();
      }
    };
    await expect(readAll()).rejects.toThrow(/damaged on disk|[Cc]orrupt/);
  });

  it.each([
    ['CURRENT', 'cut', /CURRENT/],
    ['MANIFEST', 'cut', /./],
    ['CURRENT', 'removed', /does not exist/],
  ])('does not begin anew when %s was %s, and removes nothing', async (name, how, message) => {
    await manyCommits();
    await (await RowStore.open(directory, 2000)).close();
    const path = await levelFile(new RegExp(`^${name}`));
    const table = await levelFile(/\.ldb$/);
    if (how === 'cut') await truncate(path, 3);
    else await rm(path);
    const error: unknown = await RowStore.open(directory, 2000).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(String(error instanceof Error ? `${error.message} ${String(error.cause)}` : error)).toMatch(message);
    expect((await readFile(table)).length).toBeGreaterThan(100_000);
  });
});
