// Starts Chroma's own server from a Python environment and speaks its REST API, so that both sides answer the same client.
import { dirname, join } from 'node:path';
import { environments } from '../../scripts/python-env.mjs';
import { openClient, request } from './client.mjs';
import { batches } from './corpus.mjs';
import { startPythonServer } from './python-server.mjs';
import { startServer } from './server.mjs';

const database = '/api/v2/tenants/default_tenant/databases/default_database';
/** Its server names another version than the package that it came in. */
const name = `Chroma ${environments['chroma-peer'][0].split('==')[1]}`;

/** A collection's parameters that are HNSW16 with ef 64 here: hnswlib's M is FAISS's (twice as many links on the lowest layer in both). */
export const likeHnsw16 = { hnsw: { space: 'cosine', max_neighbors: 16, ef_construction: 40, ef_search: 64 } };

export async function startChroma() {
  const server = await startPythonServer({
    environment: 'chroma-peer',
    name: 'Chroma',
    command: ({ python, folder, port }) => {
      const program = join(dirname(python), 'chroma');
      return [program, 'run', '--path', folder, '--host', '127.0.0.1', '--port', String(port)];
    },
    env: { ANONYMIZED_TELEMETRY: 'False', CHROMA_TELEMETRY_ENABLED: 'False', DO_NOT_TRACK: '1' },
    health: '/api/v2/version',
    stderr: 'ignore',
  });
  const client = await openClient(server.url);
  return {
    name,
    pid: server.pid,
    url: server.url,
    /** @returns the path of a new collection */
    create: async (name, configuration) =>
      `${database}/collections/${(await client.post(`${database}/collections`, { name, configuration })).id}`,
    stop: async () => {
      client.close();
      await server.stop();
    },
  };
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
