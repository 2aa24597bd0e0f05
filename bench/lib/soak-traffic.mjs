// The requests of a soak: searches of every kind, replacements, deletions, patches, lists and texts, over indexes of every type.
import { openClient, request } from './client.mjs';

const dimension = 64;
const definitions = [
  { factory: 'Flat' },
  { factory: 'HNSW16' },
  { factory: 'SQ8' },
  { factory: 'IVF64,Flat' },
  { factory: 'Flat', metric: 'cosine' },
  { factory: 'HNSW16,SQ8' },
  { factory: 'Flat', metric: 'ip' },
  { factory: 'IVF64,SQ8', metric: 'cosine' },
  { factory: 'IVF64,PQ16' },
  { factory: 'HNSW32', metric: 'cosine' },
];
const words = 'index vector search text near far query row column field value number server client answer page list word line place'.split(
  ' ',
);
const batch = 20;

export class SoakTraffic {
  requests = 0;
  #url;
  #options;
  #ids = [];
  #random;

  constructor(url, options) {
    this.#url = url;
    this.#options = options;
    this.#random = generator(options.seed);
  }

  /** Makes the indexes and fills them. */
  async fill() {
    const { indexes, rows } = this.#options;
    const client = await openClient(this.#url);
    for (let i = 0; i < indexes; i++) {
      const made = await client.post('/v1/index', { name: `soak-${i}`, dimension, ...definitions[i % definitions.length] });
      this.#ids.push(made.id);
      for (let start = 0; start < rows; start += 1000) {
        const vectors = Array.from({ length: Math.min(1000, rows - start) }, (_, at) => this.#vector(start + at, this.#random));
        await client.post(`/v1/index/${made.id}/vectors`, { vectors });
      }
    }
    client.close();
  }

  /** Asks on one connection for as long as `goes`. Only a 503, which says that a queue is full, may be answered beside 2xx and a 404 of a deleted id. */
  async run(number, goes) {
    const random = generator(this.#options.seed + 1 + number);
    const client = await openClient(this.#url);
    while (goes()) {
      const one = this.#next(random);
      const { status, text } = await client.send(one);
      this.requests++;
      if (status > 299 && status !== 404 && status !== 503) throw new Error(`${one.name}: ${status} ${text.slice(0, 500)}`);
    }
    client.close();
  }

  /** Deletes the indexes. */
  async clear() {
    const client = await openClient(this.#url);
    for (const id of this.#ids) await client.send(request('DELETE', `/v1/index/${id}`));
    client.close();
  }

  #next(random) {
    const { rows, texts } = this.#options;
    const below = (bound) => Math.floor(random() * bound);
    const path = `/v1/index/${this.#ids[below(this.#ids.length)]}`;
    const ids = (count) => Array.from({ length: count }, () => `row-${below(rows)}`);
    if (random() < texts)
      return request('POST', '/v1/embed', { text: Array.from({ length: 12 }, () => words[below(words.length)]).join(' ') });
    const choice = random();
    if (choice < 0.45) return request('POST', `${path}/search`, { vector: numbers(random), k: 10 });
    if (choice < 0.6) return request('POST', `${path}/search`, { vector: numbers(random), k: 10, filter: this.#filter(below) });
    if (choice < 0.65) {
      return request('POST', `${path}/search/batch`, { vectors: Array.from({ length: 8 }, () => numbers(random)), k: 20 });
    }
    if (choice < 0.8) {
      const vectors = Array.from({ length: 1 + below(batch) }, () => this.#vector(below(rows), random));
      return request('POST', `${path}/vectors`, { vectors });
    }
    if (choice < 0.84)
      return request('PUT', `${path}/vectors/row-${below(rows)}`, { values: numbers(random), metadata: metadataOf(below) });
    if (choice < 0.88) return request('PATCH', `${path}/vectors/row-${below(rows)}`, { metadata: { seen: below(1e6) } });
    if (choice < 0.92) return request('POST', `${path}/vectors/delete`, { ids: ids(1 + below(batch)) });
    if (choice < 0.95) return request('GET', `${path}/vectors/row-${below(rows)}`);
    if (choice < 0.97) return request('GET', `${path}/vectors?limit=100`);
    if (choice < 0.99) return request('POST', `${path}/vectors/count`, { filter: this.#filter(below) });
    return request('GET', `${path}/stats`);
  }

  #vector(row, random) {
    return { id: `row-${row}`, values: numbers(random), metadata: metadataOf((bound) => Math.floor(random() * bound)) };
  }

  #filter(below) {
    return below(2) === 0
      ? { group: below(50) }
      : { price: { $lt: below(10_000) }, word: { $in: [words[below(words.length)], words[below(words.length)]] } };
  }
}

const numbers = (random) => Array.from({ length: dimension }, () => Math.round((random() * 2 - 1) * 1e6) / 1e6);

function metadataOf(below) {
  return {
    group: below(50),
    price: below(10_000),
    word: words[below(words.length)],
    note: words.slice(0, 1 + below(words.length)).join(' '),
  };
}

/** mulberry32: a number from 0 to 1 at each call. */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
