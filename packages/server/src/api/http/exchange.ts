// One request from its first header to the end of its answer: its name, its time, and whether anyone still waits for it.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { VoisinError } from '../../errors.js';
import type { Caller } from '../../operations/operation.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any other hook runs. */
    exchange: Exchange;
  }
}

export class Exchange {
  readonly requestId: string;
  readonly startedAt = performance.now();
  /** The tenant of the key; undefined until the key was looked at, and on a server without keys. */
  tenant: string | undefined;
  /** Why an answer of 500 or more was given: for the log. */
  failure: VoisinError | undefined;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout | undefined;

  /** @param seconds until the time is up; undefined for streams, which have no such bound */
  constructor(requestId: string, seconds: number | undefined) {
    this.requestId = requestId;
    if (seconds === undefined) return;
    this.#timer = setTimeout(() => {
      this.#controller.abort(new VoisinError('deadline_exceeded', `the request took longer than ${seconds} s (REQUEST_TIMEOUT)`));
    }, seconds * 1000);
  }

  /** Aborts when the caller has gone or the time is up; the reason is a VoisinError. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  caller(tenant: string | undefined): Caller {
    return { tenant, requestId: this.requestId, signal: this.signal };
  }

  /** The promise's own end, or the abort if that comes first. */
  race<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  /** @param whole false when the caller went away before the end of the answer */
  end(whole: boolean): void {
    clearTimeout(this.#timer);
    if (!whole) this.#controller.abort(new VoisinError('unavailable', 'the caller has gone'));
  }
}

/** Calls `ended` once, when the answer was sent or the connection broke. */
export function onEnd(request: FastifyRequest, reply: FastifyReply, ended: (whole: boolean) => void): void {
  const { raw } = reply;
  raw.once('close', () => {
    const whole = raw.writableFinished;
    request.exchange.end(whole);
    ended(whole);
  });
}
