// Filtered searches over REST: 50,000 x 384, cosine, HNSW16 ef 64, filters that keep 1% and 33%, at random and along the clusters; Chroma beside.
// 'repeated' filters come from ten that are asked again and again; a 'fresh' one was never asked before, so no cache of filters can help.
// Of the filters along the clusters, every second keeps the query's own cluster; the others leave it out as a rule.
import { chromaAdd, chromaSearch, likeHnsw16, startChroma } from './lib/chroma.mjs';
import { openClient, request } from './lib/client.mjs';
import { batches, corpus, nearestByCosine, recall, row, scaled } from './lib/corpus.mjs';
import { head, line, machine } from './lib/rows.mjs';
import { startServer } from './lib/server.mjs';
import { median, printTable } from './lib/table.mjs';
import { random } from './lib/vectors.mjs';

const [k, clusters, turns, repeats] = [10, 300, 3, 10];
const vectors = corpus({ n: scaled(50_000), clusters, seed: 12 });
const queries = corpus({ n: 60, clusters, seed: 12, draw: 2 });
const uniform = random(13);

/** Two numbers from 0 to 1 to filter by: one at random, one that grows from cluster to cluster. */
const metadata = Array.from({ length: vectors.n }, (_, i) => ({ dice: uniform(), place: (vectors.clusters[i] + uniform()) / clusters }));

/** A range of `field` that keeps this part of the rows; around the place of `cluster` when one is given. */
function range(field, part, cluster) {
  const around = cluster === undefined ? uniform() * (1 - part) : (cluster + uniform()) / clusters - part * uniform();
  const low = Math.min(Math.max(around, 0), 1 - part);
  return { field, low, high: low + part };
}

/** A filter for each query, twice as many as queries so that fresh ones can differ from turn to turn. */
function filtersOf({ field, part, fresh }) {
  const near = (q) => (field === 'place' && q % 2 === 0 ? queries.clusters[q] : undefined);
  if (fresh) return (_turn) => Array.from({ length: queries.n }, (_, q) => range(field, part, near(q)));
  const few = Array.from({ length: repeats }, (_, q) => range(field, part, near(q)));
  return () => Array.from({ length: queries.n }, (_, q) => few[q % repeats]);
}

const oursFilter = ({ field, low, high }) => ({ [field]: { $gte: low, $lt: high } });
const chromaFilter = ({ field, low, high }) => ({ $and: [{ [field]: { $gte: low } }, { [field]: { $lt: high } }] });

async function timed(client, prepared, idsOf) {
  const times = [];
  const found = [];
  for (const one of prepared) {
    const start = performance.now();
    const answer = await client.ask(one);
    times.push(performance.now() - start);
    found.push(idsOf(answer));
  }
  return { times, found };
}

const server = await startServer();
const chroma = await startChroma();
try {
  const ours = await openClient(server.url);
  const theirs = await openClient(chroma.url);
  const { id } = await ours.post('/v1/index', { name: 'bench', dimension: vectors.d, metric: 'cosine', factory: 'HNSW16', ef_search: 64 });
  const collection = await chroma.create('bench', likeHnsw16);
  for (const rows of batches(vectors, { metadata: (i) => metadata[i] })) {
    await ours.post(`/v1/index/${id}/vectors`, { vectors: rows });
    await theirs.ask(chromaAdd(collection, rows));
  }
  const each = Array.from({ length: queries.n }, (_, q) => row(queries, q));
  const oursAll = (filters) =>
    timed(
      ours,
      filters.map((filter, q) => request('POST', `/v1/index/${id}/search`, { vector: each[q], k, filter: oursFilter(filter) })),
      ({ results }) => results.map((hit) => hit.id),
    );
  const theirsAll = (filters) =>
    timed(
      theirs,
      filters.map((filter, q) => chromaSearch(collection, each[q], k, chromaFilter(filter))),
      ({ ids }) => ids[0],
    );

  const rows = [];
  for (const part of [0.01, 0.33])
    for (const field of ['dice', 'place'])
      for (const fresh of [false, true]) {
        const filters = filtersOf({ field, part, fresh });
        // A round of other filters warms up both: what remains in caches is what 'repeated' asks for.
        await oursAll(filters());
        await theirsAll(filters().slice(0, repeats));
        const times = { ours: [], theirs: [] };
        const recalls = { ours: [], theirs: [] };
        for (let turn = 0; turn < turns; turn++) {
          const asked = filters();
          const [mine, other] = [await oursAll(asked), await theirsAll(asked)];
          times.ours.push(...mine.times);
          times.theirs.push(...other.times);
          const keep = (q) => (i) => metadata[i][field] >= asked[q].low && metadata[i][field] < asked[q].high;
          const truth = nearestByCosine(vectors, queries, k, keep);
          recalls.ours.push(recall(truth, mine.found));
          recalls.theirs.push(recall(truth, other.found));
        }
        const what = `${part * 100}% ${field === 'dice' ? 'at random' : 'along clusters'}, ${fresh ? 'fresh' : 'repeated'}`;
        const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
        rows.push(line(`${what}: p50`, median(times.ours), { beside: median(times.theirs), besideName: chroma.name, most: 2 }));
        rows.push(
          line(`${what}: recall@10`, mean(recalls.ours), {
            beside: mean(recalls.theirs),
            besideName: chroma.name,
            least: 0.98,
            unit: '',
            digits: 3,
          }),
        );
      }
  console.log(`filtered search over REST, ${vectors.n} x ${vectors.d} cosine HNSW16 ef 64, k = ${k}, one client; ${machine()}`);
  printTable(head, rows);
  ours.close();
  theirs.close();
} finally {
  await Promise.all([server.stop(), chroma.stop()]);
}
