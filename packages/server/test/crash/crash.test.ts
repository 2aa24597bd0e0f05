// The server is killed with SIGKILL again and again while several connections write, also while it snapshots and compacts.
// VOISIN_CRASH_ROUNDS sets the rounds (npm run test:crash: 200), SEED repeats a run's choices (not its timing).
import { watch } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { newSeed, Random } from '../../src/indexes/testing.js';
import { HttpClient } from '../support/http-client.js';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';
import { judge, readAll } from './judge.js';
import { Makers } from './makers.js';
import { dimension, Writer } from './writer.js';

const rounds = Number(process.env['VOISIN_CRASH_ROUNDS'] ?? 20);
const seed = Number(process.env['SEED'] ?? newSeed());
const random = new Random(seed);
const types = ['IndexFlatL2', 'HNSW8', 'SQ8'];
const writersPerIndex = 2;
const longestMilliseconds = 500;

/** The moment of the kill: any, as soon as a snapshot is being written, or shortly after a compaction was asked for. */
const moments = {
  async anyTime(): Promise<void> {
    await pause(random.below(longestMilliseconds));
  },
  async snapshot(dataDir: string, index: string): Promise<void> {
    const directory = join(dataDir, 'default', index);
    await new Promise<void>((resolve) => {
      const watcher = watch(directory, (_event, name) => {
        if (name !== 'index.faiss.new') return;
        watcher.close();
        resolve();
      });
      // Snapshots are due each second; none comes when nothing changed.
      setTimeout(() => resolve(watcher.close()), 2500).unref();
    });
    await pause(random.below(4));
  },
  async compaction(_dataDir: string, index: string, url: string): Promise<void> {
    await pause(random.below(100));
    const client = new HttpClient(url);
    // It dies with the server, or ends before.
    const compacted = client.post(`/v1/index/${index}/compact`).then(
      () => 'done',
      () => 'killed',
    );
    await Promise.race([compacted, pause(random.below(60))]);
  },
};

it(
  `keeps what it answered through ${rounds} kills (SEED=${seed})`,
  async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'voisin-crash-'));
    const start = (): Promise<ServerProcess> =>
      startServerProcess({ dataDir, env: { SNAPSHOT_INTERVAL_SECONDS: '1', INFERENCE_WORKERS: '1' } });
    let server = await start();
    try {
      const makers = new Makers(random);
      const indexes: string[] = [];
      for (const index_type of types) {
        indexes.push((await server.client.post('/v1/index', { name: index_type, dimension, index_type })).json.id);
      }
      const writers = indexes.flatMap((index, at) =>
        Array.from(
          { length: writersPerIndex },
          (_, number) => new Writer(index, `${types[at]}${number}`, at === 0 ? 150 : 600, new Random(seed + at * 10 + number)),
        ),
      );
      for (let round = 1; round <= rounds; round++) {
        const moment = random.pick(['anyTime', 'anyTime', 'snapshot', 'compaction'] as const);
        const writing = [...writers, makers].map((writer) => writer.writeUntilDeath(server.url));
        await moments[moment](dataDir, random.pick(indexes), server.url);
        await server.kill();
        await Promise.all(writing);
        server = await start();
        try {
          for (const index of indexes) {
            const found = await readAll(server.client, index);
            for (const writer of writers.filter((writer) => writer.index === index)) {
              judge(writer, found);
              writer.adopt(found);
            }
          }
          await makers.judge(server.client, indexes);
        } catch (error) {
          throw new Error(`round ${round} of ${rounds}, killed at: ${moment}; SEED=${seed}`, { cause: error });
        }
      }
      const answered = writers.reduce((sum, writer) => sum + writer.answered, 0);
      expect(answered, 'the writers got to write').toBeGreaterThan(rounds * 10);
    } finally {
      await server.kill();
      await rm(dataDir, { recursive: true, force: true });
    }
  },
  60_000 + rounds * 10_000,
);
