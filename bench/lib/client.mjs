// A small HTTP/1.1 client on one kept connection, so that a benchmark measures the server and not node:http's own work in the client.
// One request at a time; answers must name their length.
import { once } from 'node:events';
import { connect } from 'node:net';

const endOfHead = Buffer.from('\r\n\r\n');

/** The bytes of a request, made before the clock starts. `body` is JSON text, its bytes, or a value to be said in JSON. */
export function request(method, path, body, headers = {}) {
  const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const about = bytes === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${bytes.length}\r\n`;
  const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${own.join('')}${about}\r\n`);
  return { name: `${method} ${path}`, bytes: bytes === undefined ? head : Buffer.concat([head, bytes]) };
}

export async function openClient(url) {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  let waiting;
  let chunks = [];
  let length = 0;
  /** Where the answer under way ends; undefined until its head is here. */
  let answer;

  const fail = (error) => {
    const { reject } = waiting ?? {};
    waiting = undefined;
    reject?.(error);
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed the connection')));
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
    if (answer === undefined) {
      const bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks);
      chunks = [bytes];
      const end = bytes.indexOf(endOfHead);
      if (end < 0) return;
      try {
        answer = readHead(bytes.toString('latin1', 0, end), end + endOfHead.length);
      } catch (error) {
        fail(error);
        socket.destroy();
        return;
      }
    }
    if (length < answer.end) return;
    const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    const { status, start, end } = answer;
    const { resolve } = waiting;
    [chunks, length, answer, waiting] = [[], 0, undefined, undefined];
    resolve({ status, text: bytes.toString('utf8', start, end) });
  });

  /** Sends a prepared request. @returns {Promise<{status: number, text: string}>} */
  const send = ({ bytes }) =>
    new Promise((resolve, reject) => {
      if (waiting !== undefined || socket.destroyed) throw new Error('the connection is busy or closed');
      waiting = { resolve, reject };
      socket.write(bytes);
    });
  /** Sends a prepared request and gives the JSON of its answer; anything but a 2xx is an error. */
  const ask = async (prepared) => {
    const { status, text } = await send(prepared);
    if (status < 200 || status > 299) throw new Error(`${prepared.name}: ${status} ${text.slice(0, 500)}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  return {
    send,
    ask,
    post: (path, body) => ask(request('POST', path, body)),
    get: (path) => ask(request('GET', path)),
    close: () => socket.destroy(),
  };
}

function readHead(head, start) {
  const status = Number(head.slice(9, 12));
  const length = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (length === null && status !== 204) throw new Error(`an answer without Content-Length: ${head}`);
  return { status, start, end: start + Number(length?.[1] ?? 0) };
}

/** Asks one request after the other. @returns milliseconds of each, from the first byte sent to the parsed answer, and the ids found */
export async function askAll(client, prepared, idsOf) {
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
