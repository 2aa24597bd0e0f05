// Bytes that are no index, or no longer one, are refused; what is read can be used.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Index } from '../src/index.js';
import { makeVectors } from './vectors.test-help.js';

test('cut and altered bytes of every class never end the process', () => {
  const script = fileURLToPath(new URL('./damaged-bytes.child.js', import.meta.url));
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    timeout: 100_000,
  });
  const lines = stdout.trimEnd().split('\n');
  console.log(lines[0]);
  expect({ status, signal, during: status === 0 ? '' : lines.at(-1), stderr }).toEqual({ status: 0, signal: null, during: '', stderr: '' });
  const { read, refused } = JSON.parse(lines.at(-1) ?? '{}') as { read: number; refused: number };
  expect(read).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(1000);
}, 120_000);

test('a link of a graph that leads out of it is found before anyone follows it', async () => {
  const index = await Index.fromFactory(8, 'HNSW4');
  await index.add(makeVectors(50, 8, 1));
  const bytes = await index.serialize();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The header, then five vectors, each behind its length: probabilities, links a level, levels, offsets, links.
  let at = 4 + 33;
  for (const size of [8, 4, 4, 8]) at += 8 + Number(view.getBigUint64(at, true)) * size;
  view.setInt32(at + 8, 50, true);
  await expect(Index.deserialize(bytes)).rejects.toMatchObject({ code: 'ERR_FAISS_CORRUPT' });
  view.setInt32(at + 8, 49, true);
  expect((await Index.deserialize(bytes)).ntotal).toBe(50);
});

test('bytes after an index are ignored, in memory and in a file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'voisin-faiss-'));
  const index = await Index.fromFactory(8, 'HNSW4');
  await index.add(makeVectors(50, 8, 1));
  const bytes = Buffer.concat([await index.serialize(), Buffer.from('a trailer')]);
  await writeFile(join(folder, 'index'), bytes);
  for (const read of [await Index.deserialize(bytes), await Index.read(join(folder, 'index'))]) {
    expect(read.ntotal).toBe(50);
    expect(await read.serialize()).toEqual(await index.serialize());
  }
  await rm(folder, { recursive: true });
});
