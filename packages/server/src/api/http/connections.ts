// The connections of the server. They are bounded: a new one takes the place of the one that has been idle for longest, and where none is idle
// it is refused. Each knows the requests that are under way on it, so that all of them end with it.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { VoisinError } from '../../errors.js';
import type { Logger } from '../../telemetry/logger.js';

/** Ends what is under way for a request whose connection is gone. */
export type Gone = () => void;

/** So many idle connections are closed when a file could not be opened for a new one. */
const closedForFiles = 16;
/** A connection that is refused may ask once and read why, for so long; of those there are at most so many. */
const refusedForMs = 1000;
const maxRefused = 16;
/** A full server logs it at most this often. */
const logEveryMs = 60_000;

export class Connections {
  /** What is under way on each. */
  readonly #underWay = new Map<Socket, Set<Gone>>();
  /** Those on which nothing is under way, the one that has been idle for longest first. */
  readonly #idle = new Set<Socket>();
  /** Those for which there was no room: not counted, and never idle. */
  readonly #refused = new Set<Socket>();
  readonly #max: number;
  readonly #log: Logger;
  #loggedAt = -Infinity;

  constructor(max: number, log: Logger) {
    this.#max = max;
    this.#log = log;
  }

  get count(): number {
    return this.#underWay.size - this.#refused.size;
  }

  /** Every connection that this server takes from now on is counted here. */
  watch(server: Server): void {
    server.on('connection', (socket) => this.#opened(socket));
    // Before that an error is why it cannot listen. Afterwards it is a connection that could not be accepted: without a listener it would end the process.
    server.once('listening', () => {
      server.on('error', (error) => {
        this.#complain('a connection could not be accepted', error);
        this.#closeIdle(closedForFiles);
      });
    });
  }

  /** @throws VoisinError unavailable for a request on a connection for which there was no room */
  requireRoom(socket: Socket): void {
    if (!this.#refused.has(socket)) return;
    const message = `${this.#max} connections are busy, and no more may be open (MAX_CONNECTIONS); try again`;
    throw new VoisinError('unavailable', message, { retryAfterSeconds: 1 });
  }

  /** Calls `gone` when the connection closes before `leave`. */
  enter(socket: Socket, gone: Gone): void {
    const underWay = this.#underWay.get(socket) ?? this.#add(socket);
    if (underWay.size === 0) this.#idle.delete(socket);
    underWay.add(gone);
  }

  leave(socket: Socket, gone: Gone): void {
    const underWay = this.#underWay.get(socket);
    if (underWay?.delete(gone) === true && underWay.size === 0 && !this.#refused.has(socket)) this.#idle.add(socket);
  }

  closeAll(): void {
    for (const socket of this.#underWay.keys()) socket.destroy();
  }

  #opened(socket: Socket): void {
    this.#add(socket);
    if (this.count <= this.#max) return;
    this.#complain(`${this.#max} connections are open, and no more may be (MAX_CONNECTIONS)`);
    this.#idle.delete(socket);
    if (this.#closeIdle(1)) this.#idle.add(socket);
    else this.#refuse(socket);
  }

  #add(socket: Socket): Set<Gone> {
    const underWay = new Set<Gone>();
    this.#underWay.set(socket, underWay);
    this.#idle.add(socket);
    // A connection that is refused or cut tells of no more errors than its close.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.#remove(socket);
      for (const gone of underWay) gone();
    });
    return underWay;
  }

  #remove(socket: Socket): void {
    this.#underWay.delete(socket);
    this.#idle.delete(socket);
    this.#refused.delete(socket);
  }

  /** @returns whether there was one */
  #closeIdle(count: number): boolean {
    let closed = 0;
    for (const socket of this.#idle) {
      if (closed === count) break;
      closed++;
      this.#remove(socket);
      socket.destroy();
    }
    return closed > 0;
  }

  #refuse(socket: Socket): void {
    if (this.#refused.size >= maxRefused) {
      this.#remove(socket);
      socket.destroy();
      return;
    }
    this.#refused.add(socket);
    const late = setTimeout(() => socket.destroy(), refusedForMs);
    socket.once('close', () => clearTimeout(late));
  }

  #complain(what: string, error?: Error): void {
    const now = performance.now();
    if (now - this.#loggedAt < logEveryMs) return;
    this.#loggedAt = now;
    this.#log.warn({ connections: this.count, err: error }, what);
  }
}
