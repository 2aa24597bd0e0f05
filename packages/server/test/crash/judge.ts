// What a start after a crash must find: everything that was answered, nothing that was deleted, the last request wholly or not at all.
import { expect } from 'vitest';
import type { HttpClient } from '../support/http-client.js';
import { type Held, valuesOf, type Writer } from './writer.js';

interface Line {
  readonly id: string;
  readonly values: readonly number[];
  readonly metadata: { readonly version: number; readonly mark: number };
}

/** Reads an index in every way that there is, finds that all agree, and gives what each id holds. */
export async function readAll(client: HttpClient, index: string): Promise<Map<string, Held>> {
  const path = `/v1/index/${index}`;
  const exported = (await client.get(`${path}/export?format=jsonl`)).text.split('\n').filter((line) => line !== '');
  const lines = exported.map((line): Line => JSON.parse(line));
  const ids = lines.map(({ id }) => id);
  expect(new Set(ids).size, 'no id twice').toBe(ids.length);
  for (const { id, values, metadata } of lines) expect(values.map(Math.fround), `the values of ${id}`).toEqual(valuesOf(metadata.version));

  expect(await listAll(client, path), 'the list is what the export is').toEqual(ids);
  const count = await client.post(`${path}/vectors/count`, {});
  expect(count.json, 'the count is what the export is').toMatchObject({ count: ids.length });
  expect((await client.get(path)).json).toMatchObject({ vector_count: ids.length });
  if (ids.length > 0) {
    const found = await client.post(`${path}/search`, { vector: valuesOf(1), k: 10_000 });
    const hits: { id: string; metadata: object }[] = found.json.results;
    expect(hits.map(({ id }) => id).sort(), 'a search for all finds what the export has').toEqual([...ids].sort());
    const metadata = new Map(lines.map((line) => [line.id, line.metadata]));
    for (const hit of hits) expect(hit.metadata).toEqual(metadata.get(hit.id));
  }
  return new Map(lines.map(({ id, metadata: { version, mark } }) => [id, { version, mark }]));
}

async function listAll(client: HttpClient, path: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor = '';
  for (;;) {
    const { json } = await client.get(`${path}/vectors?limit=700${cursor}`);
    ids.push(...json.ids);
    if (json.next_cursor === undefined) return ids;
    cursor = `&cursor=${json.next_cursor}`;
  }
}

/** Compares what was found with what the writer knows. */
export function judge(writer: Writer, found: ReadonlyMap<string, Held>): void {
  const same = (id: string, held: Held): boolean => JSON.stringify(found.get(id)) === JSON.stringify(held);
  const wrong: string[] = [];
  for (const [id, held] of writer.known) {
    if (!writer.pending.has(id) && !same(id, held))
      wrong.push(`${id}: answered ${JSON.stringify(held)}, found ${JSON.stringify(found.get(id))}`);
  }
  for (const id of found.keys()) {
    if (id.startsWith(`${writer.name}-`) && !writer.known.has(id) && !writer.pending.has(id)) wrong.push(`${id}: found, and never written`);
  }
  const pending = [...writer.pending];
  const isDone = pending.every(([id, held]) => same(id, held));
  const isNotDone = pending.every(([id]) => same(id, writer.known.get(id)));
  if (!isDone && !isNotDone)
    wrong.push(`the last request was done in part: ${JSON.stringify(pending.map(([id, held]) => [id, held, found.get(id)]))}`);
  expect(wrong, `writer ${writer.name}`).toEqual([]);
}
