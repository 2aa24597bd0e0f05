// RATE_LIMIT_REQUESTS: requests a minute and an address to the routes of the batch contract, as its original counts them.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { VoisinError } from '../../errors.js';

const minute = 60_000;
/** Addresses remembered at a time: whoever is pushed out begins anew. */
const mostAddresses = 100_000;

interface Window {
  /** Milliseconds since the epoch. */
  readonly resetsAt: number;
  used: number;
}

type Hook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** A minute begins with an address's first request. @throws (the hook) VoisinError rate_limited */
export function rateLimiter(requests: number): Hook {
  const windows = new LRUCache<string, Window>({ max: mostAddresses });
  return async ({ ip, exchange }) => {
    const now = Date.now();
    let window = windows.get(ip);
    if (window === undefined || now >= window.resetsAt) {
      window = { resetsAt: now + minute, used: 0 };
      windows.set(ip, window);
    }
    const { resetsAt, used } = window;
    if (used < requests) window.used++;
    exchange.limits = { limit: requests, remaining: requests - window.used, resetsAt };
    if (used < requests) return;
    const seconds = Math.ceil((resetsAt - now) / 1000);
    const message = `${requests} requests a minute may come from one address (RATE_LIMIT_REQUESTS); try again in ${seconds} s`;
    throw new VoisinError('rate_limited', message, { retryAfterSeconds: seconds });
  };
}
