// Starts Chroma's own server from a Python environment and speaks its REST API, so that both sides answer the same client.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { environments, pythonEnvironment } from '../../scripts/python-env.mjs';
import { openClient, request } from './client.mjs';
import { batches } from './corpus.mjs';
import { freePort, startServer } from './server.mjs';
import { untilAnswers } from './until-answers.mjs';

const database = '/api/v2/tenants/default_tenant/databases/default_database';
const startSeconds = 60;
/** Its server names another version than the package that it came in. */
const name = `Chroma ${environments['chroma-peer'][0].split('==')[1]}`;

/** A collection's parameters that are HNSW16 with ef 64 here: hnswlib's M is FAISS's (twice as many links on the lowest layer in both). */
export const likeHnsw16 = { hnsw: { space: 'cosine', max_neighbors: 16, ef_construction: 40, ef_search: 64 } };

export async function startChroma() {
  const python = await pythonEnvironment('chroma-peer');
  const folder = await mkdtemp(join(tmpdir(), 'voisin-bench-chroma-'));
  const port = await freePort();
  const child = spawn(join(dirname(python), 'chroma'), ['run', '--path', folder, '--host', '127.0.0.1', '--port', String(port)], {
    stdio: 'ignore',
    cwd: folder,
    env: { ...process.env, ANONYMIZED_TELEMETRY: 'False', CHROMA_TELEMETRY_ENABLED: 'False', DO_NOT_TRACK: '1' },
  });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilAnswers(`${url}/api/v2/version`, child, { name: 'Chroma', seconds: startSeconds });
    const client = await openClient(url);
    return {
      name,
      pid: child.pid,
      url,
      /** @returns the path of a new collection */
      create: async (name, configuration) =>
        `${database}/collections/${(await client.post(`${database}/collections`, { name, configuration })).id}`,
      stop: async () => {
        client.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `rows`: {id, values, metadata?}, as Voisin takes them. */
export const chromaAdd = (collection, rows) =>
  request('POST', `${collection}/add`, {
    ids: rows.map(({ id }) => id),
    embeddings: rows.map(({ values }) => values),
    ...(rows[0]?.metadata === undefined ? {} : { metadatas: rows.map(({ metadata }) => metadata) }),
  });

/** Asks for what Voisin answers: ids, distances, metadata. */
export const chromaSearch = (collection, vector, k, where) =>
  request('POST', `${collection}/query`, {
    query_embeddings: [vector],
    n_results: k,
    include: ['metadatas', 'distances'],
    ...(where && { where }),
  });

/** Both servers with the same vectors in a cosine HNSW16 index with ef 64. `metadata`: row number -> object. */
export async function besideChroma(vectors, metadata) {
  const server = await startServer();
  const chroma = await startChroma();
  const stop = () => Promise.all([server.stop(), chroma.stop()]);
  try {
    const ours = await openClient(server.url);
    const theirs = await openClient(chroma.url);
    const { id } = await ours.post('/v1/index', {
      name: 'bench',
      dimension: vectors.d,
      metric: 'cosine',
      factory: 'HNSW16',
      ef_search: 64,
    });
    const collection = await chroma.create('bench', likeHnsw16);
    for (const rows of batches(vectors, { metadata })) {
      await ours.post(`/v1/index/${id}/vectors`, { vectors: rows });
      await theirs.ask(chromaAdd(collection, rows));
    }
    return {
      ours,
      theirs,
      id,
      collection,
      name: chroma.name,
      stop: async () => {
        ours.close();
        theirs.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
