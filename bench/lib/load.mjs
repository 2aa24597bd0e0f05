// Clients that each send their next request as soon as the last is answered.
import { openClient } from './client.mjs';

/**
 * Runs `clients` clients against `url` for `ms` milliseconds, or until `count` requests are answered.
 * @param next makes the next request (client.mjs, `request`)
 * @param {{ url: string, clients: number, ms?: number, count?: number, weight?: number, parse?: boolean }} about `weight`: what one answer counts;
 *   `parse`: whether the answer is parsed, as a program would
 * @returns {Promise<{ rate: number, times: number[] }>} counted answers a second, and milliseconds of each request
 */
export async function underLoad({ url, clients, ms = Infinity, count = Infinity, weight = 1, parse = true }, next) {
  const opened = await Promise.all(Array.from({ length: clients }, () => openClient(url)));
  const times = [];
  const began = performance.now();
  let now = began;
  let started = 0;
  try {
    await Promise.all(
      opened.map(async (client) => {
        while (now - began < ms && started++ < count) {
          const one = next();
          const sent = performance.now();
          if (parse) await client.ask(one);
          else await okay(client, one);
          now = performance.now();
          times.push(now - sent);
        }
      }),
    );
  } finally {
    for (const client of opened) client.close();
  }
  return { rate: (times.length * weight * 1000) / (now - began), times };
}

async function okay(client, one) {
  const { status, text } = await client.send(one);
  if (status !== 200) throw new Error(`${one.name}: ${status} ${text.slice(0, 300)}`);
}
