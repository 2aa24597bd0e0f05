// A small durable map for the server's own records (key hashes, accounts): LevelDB, opened at first use and made at the first write, so that a server
// that has none starts on a full disk.
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { VoisinError } from '../errors.js';
import { isDiskFull } from './disk.js';

export type KeyValueChange =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'del'; readonly key: string };

export interface KeyRange {
  readonly gte: string;
  readonly lt: string;
  readonly limit?: number;
}

export class KeyValueStore {
  readonly #directory: string;
  #db: Promise<ClassicLevel> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#isThere()) ? (await this.#open()).get(key) : undefined;
  }

  /** Synced: when it resolves, the value survives a power cut. */
  async put(key: string, value: string): Promise<void> {
    await this.write([{ type: 'put', key, value }]);
  }

  /** All of them or none, and synced. */
  async write(changes: readonly KeyValueChange[]): Promise<void> {
    await (await this.#open()).batch([...changes], { sync: true });
  }

  /** Entries in the order of their keys (by bytes of UTF-8). */
  async range({ gte, lt, limit = -1 }: KeyRange): Promise<[key: string, value: string][]> {
    return (await this.#isThere()) ? (await this.#open()).iterator({ gte, lt, limit }).all() : [];
  }

  async close(): Promise<void> {
    if (this.#db !== undefined) await (await this.#db).close();
  }

  /** LevelDB has made itself at home: its file CURRENT names its state. */
  async #isThere(): Promise<boolean> {
    if (this.#db !== undefined) return true;
    return access(join(this.#directory, 'CURRENT')).then(
      () => true,
      () => false,
    );
  }

  #open(): Promise<ClassicLevel> {
    this.#db ??= (async () => {
      const db = new ClassicLevel(this.#directory);
      await db.open();
      return db;
    })().catch((error: unknown) => {
      this.#db = undefined;
      if (!isDiskFull(error)) throw error;
      const message = `the keys and accounts in ${this.#directory} cannot be opened: the disk is full, and opening them writes a few kilobytes; make room and try again`;
      throw new VoisinError('resource_exhausted', message, undefined, { cause: error });
    });
    return this.#db;
  }
}
