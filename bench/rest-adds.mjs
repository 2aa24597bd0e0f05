// Durable adds over REST: 20 requests of 1,000 vectors x 384 in JSON, one after the other, into Flat and HNSW16; Chroma beside (which does not sync).
import { chromaAdd, likeHnsw16, startChroma } from './lib/chroma.mjs';
import { openClient, request } from './lib/client.mjs';
import { batches, corpus, scaled } from './lib/corpus.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { startServer } from './lib/server.mjs';
import { printTable } from './lib/table.mjs';

const size = 1000;
const vectors = corpus({ n: scaled(20, 2) * size, seed: 21 });
const perSecond = (milliseconds) => (vectors.n * 1000) / milliseconds;
const metadata = (i) => ({ n: i });

const server = await startServer();
const chroma = await startChroma();
try {
  const ours = await openClient(server.url);
  const theirs = await openClient(chroma.url);
  const make = async (factory) => (await ours.post('/v1/index', { name: factory, dimension: vectors.d, metric: 'cosine', factory })).id;
  const indexes = { Flat: await make('Flat'), HNSW16: await make('HNSW16') };
  const collection = await chroma.create('bench', likeHnsw16);
  const spent = { Flat: 0, HNSW16: 0, chroma: 0 };
  const time = async (who, client, prepared) => {
    const start = performance.now();
    await client.ask(prepared);
    spent[who] += performance.now() - start;
  };
  let bytes = 0;
  // A request each, in turn, so that a noisy moment falls on all.
  for (const rows of batches(vectors, { size, metadata })) {
    for (const who of ['Flat', 'HNSW16']) {
      const prepared = request('POST', `/v1/index/${indexes[who]}/vectors`, { vectors: rows });
      bytes = prepared.bytes.length;
      await time(who, ours, prepared);
    }
    await time('chroma', theirs, chromaAdd(collection, rows));
  }
  for (const id of Object.values(indexes)) {
    const { vector_count } = await ours.get(`/v1/index/${id}`);
    if (vector_count !== vectors.n) throw new Error(`${vector_count} vectors were kept of ${vectors.n}`);
  }

  const beside = { beside: perSecond(spent.chroma), besideName: chroma.name, unit: '/s', digits: 0 };
  console.log(
    `adds over REST, ${vectors.n} x ${vectors.d} from empty, ${size} a request (${(bytes / 1e6).toFixed(1)} MB of JSON), one client; ${machine()}`,
  );
  printTable(head, [
    line('into Flat', perSecond(spent.Flat), { ...beside, least: 5000 }),
    line('into HNSW16', perSecond(spent.HNSW16), { ...beside, least: 3000 }),
  ]);
  ours.close();
  theirs.close();
} finally {
  await Promise.all([server.stop(), chroma.stop()]);
}
