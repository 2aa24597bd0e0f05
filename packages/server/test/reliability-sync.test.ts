// SIGKILL alone does not show that an answer comes after the sync: the page cache survives it. The order of the system calls does.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerProcess, startServerProcess } from './support/server-process.js';
import { type Call, readCalls, straceMissing } from './support/strace.js';
import { skipped } from './support/skipped.js';

const missing = straceMissing();
const calls = 'fdatasync,fsync,write,writev,sendto,sendmsg,rename,renameat,renameat2';
const vectors = `/v1/index/INDEX/vectors`;
const vector = (id: string): object => ({ id, values: [1, 2, 3], metadata: { a: 1 } });

/** In the order in which they are done, on one connection. The paths' INDEX is an index that has vectors already. */
const changes = [
  { what: 'adding vectors', method: 'POST', path: vectors, body: { vectors: [vector('a'), vector('b')] }, status: 201 },
  { what: 'replacing a vector', method: 'POST', path: vectors, body: { vectors: [vector('a')] }, status: 201 },
  { what: 'putting a vector', method: 'PUT', path: `${vectors}/c`, body: { values: [1, 2, 3] }, status: 200 },
  { what: 'patching metadata', method: 'PATCH', path: `${vectors}/a`, body: { metadata: { b: 2 } }, status: 200 },
  { what: 'patching values', method: 'PATCH', path: `${vectors}/a`, body: { values: [3, 2, 1] }, status: 200 },
  { what: 'deleting a vector', method: 'DELETE', path: `${vectors}/b`, body: undefined, status: 204 },
  { what: 'deleting ids', method: 'POST', path: `${vectors}/delete`, body: { ids: ['c'] }, status: 200 },
  { what: 'deleting by filter', method: 'POST', path: `${vectors}/delete`, body: { filter: { b: 2 } }, status: 200 },
] as const;

describe.skipIf(missing !== undefined)(`the sync before the answer${skipped(missing)}`, () => {
  let folder: string;
  let server: ServerProcess;
  let index: string;
  let trace: Call[];

  /** The calls from the end of the answer before this one up to the start of this one: answers are counted from 0. */
  const before = (answer: number): Call[] => {
    const answers = trace.filter(({ text }) => text.includes('"HTTP/1.1 '));
    const [from, to] = [answers[answer - 1]?.begun ?? -1, answers[answer]?.begun ?? Infinity];
    expect(to, 'the answer is in the trace').toBeLessThan(Infinity);
    return trace.filter(({ begun, done }) => begun > from && begun < to && done !== undefined && done < to);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voisin-sync-'));
    const output = join(folder, 'trace');
    const under = ['strace', '-f', '-y', '-s', '40', '-o', output, '-e', `trace=${calls}`];
    server = await startServerProcess({ dataDir: join(folder, 'data'), under, env: { INFERENCE_WORKERS: '1' } });
    const { client } = server;
    const made = await client.post('/v1/index', { name: 'traced', dimension: 3 });
    index = made.json.id;
    await client.post(vectors.replace('INDEX', index), { vectors: [vector('first')] });
    for (const { method, path, body, status, what } of changes) {
      const response = await client.send(method, path.replace('INDEX', index), body);
      expect(response.status, `${what}: ${response.text}`).toBe(status);
    }
    expect((await client.delete(`/v1/index/${index}`)).status).toBe(204);
    await server.stop();
    trace = readCalls(await readFile(output, 'utf8'));
  });
  afterAll(async () => {
    if (server.child.exitCode === null) await server.kill();
    await rm(folder, { recursive: true, force: true });
  });

  it('is there for a new index: its definition, its folder, and after the rename its tenant', () => {
    const own = before(0);
    const renamed = own.find(({ name, text }) => name.startsWith('rename') && text.includes(`.new-${index}`));
    const synced = (ending: string): Call | undefined => own.find(({ name, file }) => /^f(data)?sync$/.test(name) && file.endsWith(ending));
    expect(renamed).toBeDefined();
    expect(synced(`.new-${index}/definition.json`)?.done).toBeLessThan(renamed?.begun ?? -1);
    expect(synced(`.new-${index}`)?.done).toBeLessThan(renamed?.begun ?? -1);
    expect(synced('/data/default')?.begun).toBeGreaterThan(renamed?.done ?? Infinity);
  });

  it.each(changes.map(({ what }, at) => ({ what, answer: at + 2 })))('is there for $what', ({ answer }) => {
    const own = before(answer).filter(({ file }) => file.includes(`${index}/rows/level/`) && file.endsWith('.log'));
    const written = own.findLast(({ name }) => name === 'write');
    const synced = own.findLast(({ name }) => /^f(data)?sync$/.test(name));
    expect(written, 'the log was written').toBeDefined();
    expect(synced?.begun, 'and synced after that').toBeGreaterThan(written?.done ?? Infinity);
  });

  it('is there for the deletion of an index: its tenant after the rename', () => {
    const own = before(changes.length + 2);
    const renamed = own.find(({ name, text }) => name.startsWith('rename') && text.includes(`.gone-${index}`));
    expect(renamed).toBeDefined();
    const synced = own.find(
      ({ name, file, begun }) => name === 'fsync' && file.endsWith('/data/default') && begun > (renamed?.done ?? Infinity),
    );
    expect(synced).toBeDefined();
  });
});
