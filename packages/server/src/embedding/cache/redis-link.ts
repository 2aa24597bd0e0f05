// The connection to Redis: asked only while it answers in time, tried again by itself when it does not.
import { Redis } from 'ioredis';
import type { EmbeddingLog } from '../options.js';
import { Circuit } from './circuit.js';
import { inTime } from './in-time.js';

export interface RedisLinkOptions {
  /** redis://user:password@host:port/db, or rediss:// for TLS. Never logged: it may hold a password. */
  readonly url: string;
  /** How long a request is held back for an answer. */
  readonly timeoutMs: number;
  /** A key to ask for when it is to be known whether Redis is well; it need not exist. */
  readonly probeKey: string;
  readonly log: EmbeddingLog;
}

/** An answer to a question. Neither promise rejects. */
export interface Asked<T> {
  /** Settled when a request has been held back long enough: undefined when the answer has not come by then. */
  readonly soon: Promise<T | undefined>;
  /** The answer, however late, while it may still be of use; undefined when it was given up, or Redis failed. */
  readonly late: Promise<T | undefined>;
}

/** An answer that has not come by then, or by twice the time that a request is held back, will not come. */
const GIVE_UP_MS = 50;
/** A Redis that was slow or failed is probed after the shorter pause; the pause grows to the longer one where it keeps coming and going. */
const PROBE_MS = 500;
const LONGEST_PROBE_PAUSE_MS = 10_000;
/** A connection on which an answer is due for so long is given up for a new one: its other end may be gone without a word. */
const SILENCE_MS = 3000;
const CONNECT_MS = 2000;
const LONGEST_RETRY_PAUSE_MS = 1000;

export class RedisLink {
  readonly #options: RedisLinkOptions;
  readonly #client: Redis;
  readonly #circuit = new Circuit();
  readonly #giveUpMs: number;
  #probe: NodeJS.Timeout | undefined;
  #probePauseMs = PROBE_MS;
  #wellSince = Number.NEGATIVE_INFINITY;
  #problem = 'not connected yet';
  /** What the log was told last. */
  #told: boolean | undefined;
  #failures = 0;
  #closed = false;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
    this.#giveUpMs = Math.max(GIVE_UP_MS, 2 * options.timeoutMs);
    this.#client = new Redis(options.url, {
      protocol: 2,
      connectionName: 'voisin',
      connectTimeout: CONNECT_MS,
      socketTimeout: SILENCE_MS,
      retryStrategy: (attempt) => Math.min(LONGEST_RETRY_PAUSE_MS, 50 * 2 ** Math.min(attempt, 8)),
      // A question is asked now or not at all: nothing waits for a connection, nothing is asked again on the next one.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
    });
    this.#client.on('ready', () => this.#connected());
    this.#client.on('close', () => this.#tell());
    this.#client.on('error', (error: Error) => {
      this.#problem = error.message;
      this.#tell();
    });
  }

  get isUp(): boolean {
    return this.#client.status === 'ready' && !this.#circuit.isOpen;
  }

  /** Questions that failed or were answered too late, since the start. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * Asks, unless Redis is away or slow.
   * @param patient whoever asks would have to wait anyway: an answer that is late, but comes, is no failure
   */
  ask<T>(question: (client: Redis) => Promise<T>, patient: boolean): Asked<T> | undefined {
    if (!this.isUp) return undefined;
    const answer = question(this.#client);
    const soon = inTime(answer, this.#options.timeoutMs);
    const late = inTime(answer, this.#giveUpMs);
    (patient ? late : soon).then(
      () => this.#circuit.succeeded(),
      (error: unknown) => this.#failed(error),
    );
    return { soon: soon.catch(nothing), late: late.catch(nothing) };
  }

  /** For what nobody waits for: no time is set but the connection's own. Throws what the client throws. */
  async send<T>(message: (client: Redis) => Promise<T>): Promise<T> {
    return message(this.#client);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#probe);
    this.#client.disconnect();
  }

  #connected(): void {
    if (this.#circuit.isOpen) void this.#tryProbe();
    this.#tell();
  }

  #failed(error: unknown): void {
    this.#failures++;
    if (this.#circuit.isOpen) return;
    this.#problem = error instanceof Error ? error.message : String(error);
    this.#circuit.failed();
    if (!this.#circuit.isOpen) return;
    const wellForMs = performance.now() - this.#wellSince;
    this.#probePauseMs = wellForMs > LONGEST_PROBE_PAUSE_MS ? PROBE_MS : Math.min(2 * this.#probePauseMs, LONGEST_PROBE_PAUSE_MS);
    this.#tell();
    this.#probeLater();
  }

  #probeLater(): void {
    clearTimeout(this.#probe);
    if (!this.#closed) this.#probe = setTimeout(() => void this.#tryProbe(), this.#probePauseMs).unref();
  }

  /** Asks as a request would. Without a connection there is nobody to ask: the next connection comes here again. */
  async #tryProbe(): Promise<void> {
    clearTimeout(this.#probe);
    if (this.#client.status !== 'ready') return;
    const answer = this.#client.mgetBuffer(this.#options.probeKey);
    try {
      await inTime(answer, this.#giveUpMs);
      this.#circuit.close();
      this.#wellSince = performance.now();
      this.#tell();
    } catch {
      // Nothing more is asked while this is unanswered: a Redis that hangs is not to find a heap of probes when it wakes.
      await Promise.allSettled([answer]);
      this.#probeLater();
    }
  }

  #tell(): void {
    const up = this.isUp;
    if (this.#closed || up === this.#told) return;
    this.#told = up;
    const { log } = this.#options;
    if (up) log.info({ l2: 'up' }, 'Redis answers: embeddings are looked up in it and kept there');
    else log.warn({ l2: 'down', reason: this.#problem }, 'Redis is away or slow: embeddings are made without it until it is back');
  }
}

const nothing = (): undefined => undefined;
