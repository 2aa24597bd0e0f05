// One request from its first header to the end of its answer: its name, its time, and whether anyone still waits for it.

import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AccountRef, Identity } from '../../accounts/identity.js';
import type { LimitState } from '../../accounts/meter.js';
import { VoisinError } from '../../errors.js';
import type { Caller } from '../../operations/operation.js';
import type { Connections } from './connections.js';
import type { Dialect } from './dialects.js';
import { watchSilence } from './silence.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any other hook runs. */
    exchange: Exchange;
  }
}

/** Ends what goes on for a request. */
export type Stop = (reason: VoisinError) => void;

export class Exchange {
  readonly requestId: string;
  readonly startedAt = performance.now();
  /** Whose key it is; undefined until the key was looked at. */
  identity: Identity | undefined;
  /** What X-RateLimit-* say. */
  limits: LimitState | undefined;
  /** Whose way errors are said in, where the route does not say it already. */
  dialect: Dialect | undefined;
  /** Why an answer of 500 or more was given: for the log. */
  failure: VoisinError | undefined;
  /** Gives back the place of a request that has one. */
  leavePlace: (() => void) | undefined;
  readonly #isAlone: () => boolean;
  readonly #timer: NodeJS.Timeout | undefined;
  /** Ends the watch over a connection on which nothing moves. */
  #unwatch: (() => void) | undefined;
  #isOver = false;
  /** Made when someone asks for the signal: most operations are over too soon to be given up. */
  #controller: AbortController | undefined;
  #aborted: VoisinError | undefined;
  #stops: Stop[] = [];
  #ends: (() => void)[] = [];

  /**
   * @param seconds until the time is up; undefined for streams, which have no such bound
   * @param socket what the answer goes out through
   * @param isAlone whether no other request is under way now, nor was lately
   */
  constructor(requestId: string, seconds: number | undefined, socket: Socket, isAlone: () => boolean) {
    this.requestId = requestId;
    this.#isAlone = isAlone;
    if (seconds === undefined) return;
    this.#timer = setTimeout(() => {
      this.abort(new VoisinError('deadline_exceeded', `the request took longer than ${seconds} s (REQUEST_TIMEOUT)`));
      // An answer may take longer while it is being read.
      this.watch(watchSilence(socket, seconds * 1000, () => socket.destroy()));
    }, seconds * 1000);
  }

  /** The answer was sent, or the connection is gone. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** It was given up: its time is up, or its client disconnected. */
  get isAborted(): boolean {
    return this.#aborted !== undefined;
  }

  /** @param unwatch ends a watch: called at the end of the exchange */
  watch(unwatch: () => void): void {
    this.#unwatch?.();
    this.#unwatch = unwatch;
    if (this.#isOver) unwatch();
  }

  /** The tenant of the key; undefined until the key was looked at, and on a server without keys. */
  get tenant(): string | undefined {
    return this.identity?.tenant;
  }

  /** Aborts when the caller has gone or the time is up; the reason is a VoisinError. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  get seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  caller(tenant: string | undefined): Caller {
    return new ExchangeCaller(this, tenant, this.#isAlone());
  }

  /** The promise's own end, or the abort if that comes first. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.onAbort(reject);
      work.then(resolve, reject);
    });
  }

  /** Calls `stop` at the abort, at once when it was already: cheaper than `signal`. @returns how to be told no more */
  onAbort(stop: Stop): () => void {
    if (this.#aborted !== undefined) stop(this.#aborted);
    else this.#stops.push(stop);
    return () => {
      this.#stops = this.#stops.filter((one) => one !== stop);
    };
  }

  /** Calls `ended` when the answer was sent or the connection broke; at once when it was already. */
  atEnd(ended: () => void): void {
    if (this.#isOver) ended();
    else this.#ends.push(ended);
  }

  /** @param whole false when the client disconnected before the end of the answer */
  end(whole: boolean): void {
    this.#isOver = true;
    for (const ended of this.#ends.splice(0)) ended();
    clearTimeout(this.#timer);
    this.#unwatch?.();
    this.releasePlace();
    if (!whole) this.abort(new VoisinError('unavailable', 'the client disconnected'));
  }

  /** The request takes no place from others any longer: it is refused, or over. */
  releasePlace(): void {
    this.leavePlace?.();
    this.leavePlace = undefined;
  }

  /** Ends what goes on for the request; what was already sent of its answer stays. */
  abort(reason: VoisinError): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = reason;
    this.#controller?.abort(reason);
    for (const stop of this.#stops) stop(reason);
  }
}

class ExchangeCaller implements Caller {
  readonly requestId: string;
  readonly admin: boolean;
  readonly account: AccountRef | undefined;

  constructor(
    private readonly exchange: Exchange,
    readonly tenant: string | undefined,
    readonly alone: boolean,
  ) {
    this.requestId = exchange.requestId;
    this.admin = exchange.identity?.admin ?? false;
    this.account = exchange.identity?.account;
  }

  get signal(): AbortSignal {
    return this.exchange.signal;
  }

  atEnd(ended: () => void): void {
    this.exchange.atEnd(ended);
  }

  noteLimits(limits: LimitState): void {
    this.exchange.limits = limits;
  }
}

/**
 * Calls `ended` once, when the answer was sent or the connection is gone, whichever is first. Node tells the response of a connection that
 * closes only where it was its turn to be sent: of requests that a client sent ahead, the others would be under way for ever.
 */
export function onEnd(connections: Connections, request: FastifyRequest, reply: FastifyReply, ended: (whole: boolean) => void): void {
  const { raw } = reply;
  const { socket } = request.raw;
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    connections.leave(socket, end);
    const whole = raw.writableFinished;
    request.exchange.end(whole);
    ended(whole);
  };
  raw.once('close', end);
  connections.enter(socket, end);
}
