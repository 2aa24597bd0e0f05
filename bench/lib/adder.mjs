// A process that adds vectors: makes its requests, says how many bytes they are, sends them when told 'add', and says when all were answered.
import { openClient, request } from './client.mjs';
import { batches, corpus } from './corpus.mjs';

const { url, id, count, size, d } = JSON.parse(process.argv[2]);
const client = await openClient(url);
const vectors = corpus({ n: count, d, seed: 31 });
const requests = [...batches(vectors, { size })].map((rows) => request('POST', `/v1/index/${id}/vectors`, { vectors: rows }));

process.on('message', async (word) => {
  if (word === 'end') {
    client.close();
    process.disconnect();
    return;
  }
  for (const one of requests) await client.ask(one);
  process.send('added');
});
process.send(requests.reduce((sum, { bytes }) => sum + bytes.length, 0));
