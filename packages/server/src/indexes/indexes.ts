// All managed indexes of the server: finding, making and deleting them, opening on first use, closing what is idle.
import { setThreads, threads as faissThreads } from '@voisin/faiss';
import { LRUCache } from 'lru-cache';
import { VoisinError } from '../errors.js';
import type { DataDirectory } from '../store/data-directory.js';
import { hasCode } from '../store/disk.js';
import { define, loadDefinition, storedDefinition } from './definition.js';
import { IndexEntry } from './index-entry.js';
import type { ManagedIndex } from './managed-index.js';
import { Background, type IndexLimits, type IndexServices, type Log } from './services.js';
import type { CreateIndex, IndexInfo, IndexSize, Page } from './types.js';

const housekeepingMilliseconds = 1000;
const lookedAtOnce = 8;
/** An open index takes some seven file descriptors. */
const descriptorSpare = 8;

export interface IndexesOptions {
  readonly directory: DataDirectory;
  readonly log: Log;
  readonly limits: IndexLimits;
  /** FAISS's threads: calls that compute at once, and what one addition may use. */
  readonly threads: number;
}

export class Indexes {
  readonly #directory: DataDirectory;
  readonly #services: IndexServices;
  /** By id. */
  readonly #entries = new Map<string, IndexEntry>();
  readonly #housekeeping: NodeJS.Timeout;
  /** Indexes that may be open at a time: fewer than MAX_OPEN_INDEXES once the file descriptors were used up. */
  #mostOpen = Infinity;
  #tidying = false;
  /** The tenants of indexes that are being made. */
  readonly #making: string[] = [];

  private constructor({ directory, log, limits, threads }: IndexesOptions) {
    this.#directory = directory;
    this.#services = { log, limits, threads, records: new LRUCache({ maxSize: limits.metadataCacheBytes }), background: new Background() };
    this.#housekeeping = setInterval(() => void this.#tidy(), housekeepingMilliseconds).unref();
  }

  /** Finds what lies in the data directory. An index that cannot be read is kept as damaged, and stops nobody. */
  static async open(options: IndexesOptions): Promise<Indexes> {
    const { directory, log, threads } = options;
    // FAISS's threads are the process's, and started once.
    if (faissThreads() !== threads) setThreads(threads);
    const indexes = new Indexes(options);
    const found = await directory.scan((path, error) =>
      log.warn({ err: error, path }, 'a part of the data directory cannot be read, or a leftover of an earlier run not be removed'),
    );
    const entries = found.map((entry) => {
      const { tenant, id } = entry;
      try {
        if ('damaged' in entry) throw new Error(entry.damaged);
        return indexes.#entry(loadDefinition(tenant, id, entry.definition), undefined);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log.error({ tenant, index: id, reason }, 'an index is damaged: it is set aside, the others serve');
        return indexes.#entry(define(tenant, { name: id, dimension: 1 }, id, new Date(0).toISOString()), reason);
      }
    });
    for (const entry of entries) indexes.#entries.set(entry.definition.id, entry);
    return indexes;
  }

  /**
   * Makes an empty index. `maxOfTenant`: how many the tenant may have, when it may not have all. Errors: invalid_argument, naming the field;
   * resource_exhausted (too many, disk full).
   */
  async create(tenant: string, wanted: CreateIndex, maxOfTenant = Infinity): Promise<IndexInfo> {
    const definition = define(tenant, wanted);
    const { maxIndexes } = this.#services.limits;
    if (this.#entries.size + this.#making.length >= maxIndexes) {
      throw new VoisinError(
        'resource_exhausted',
        `there are ${maxIndexes} indexes, and no more are allowed (MAX_INDEXES); delete one first`,
      );
    }
    if (maxOfTenant < maxIndexes && this.#countOf(tenant) >= maxOfTenant) {
      throw new VoisinError(
        'resource_exhausted',
        `the tenant has ${maxOfTenant} indexes, and one tenant may have no more (MAX_INDEXES_PER_TENANT); delete one first`,
      );
    }
    this.#making.push(tenant);
    try {
      await this.#directory.create(tenant, definition.id, storedDefinition(definition));
    } finally {
      this.#making.splice(this.#making.indexOf(tenant), 1);
    }
    const entry = this.#entry(definition, undefined);
    this.#entries.set(definition.id, entry);
    return entry.info({ look: true });
  }

  /**
   * The index, opened on its first use. `tenant` undefined: any tenant's. Errors: not_found, also for another tenant's; failed_precondition when
   * its definition is lost, since what its dimension is cannot be known then.
   */
  get(tenant: string | undefined, id: string): ManagedIndex {
    const entry = this.#find(tenant, id);
    entry.requireDefinition();
    return entry.face;
  }

  /** What is known of the index, also of a damaged one. Errors: not_found. */
  info(tenant: string | undefined, id: string): Promise<IndexInfo> {
    return this.#find(tenant, id).info({ look: true });
  }

  /** A page of indexes in the order in which they were made. Errors: invalid_argument for a cursor that is none. */
  async list(tenant: string | undefined, { limit, cursor }: Page): Promise<{ indexes: IndexInfo[]; next_cursor?: string }> {
    if (cursor !== undefined && !/^\d{4}-[\d:.TZ-]+_./.test(cursor)) {
      throw new VoisinError('invalid_argument', `cursor: ${JSON.stringify(cursor)} is not one that this server gave`, { field: 'cursor' });
    }
    // Indexes that are made at once need not come here in the order of their cursors.
    const mine = [...this.#entries.values()]
      .filter(({ definition }) => tenant === undefined || definition.tenant === tenant)
      .sort((a, b) => (a.cursor < b.cursor ? -1 : 1));
    const start = cursor === undefined ? 0 : mine.findIndex((entry) => entry.cursor > cursor);
    const rest = start === -1 ? [] : mine.slice(start);
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    const indexes: IndexInfo[] = [];
    const lane = async (next: Iterator<[number, IndexEntry]>): Promise<void> => {
      for (let step = next.next(); step.done !== true; step = next.next()) {
        const [at, entry] = step.value;
        indexes[at] = await entry.info({ look: false });
      }
    };
    // Some at a time: each that has no count yet opens its files, and a page may have a thousand.
    const next = page.entries();
    await Promise.all(Array.from({ length: Math.min(page.length, lookedAtOnce) }, () => lane(next)));
    return last !== undefined && rest.length > limit ? { indexes, next_cursor: last.cursor } : { indexes };
  }

  /** Deletes an index for good. Errors: not_found. */
  async delete(tenant: string | undefined, id: string): Promise<void> {
    const entry = this.#find(tenant, id);
    this.#entries.delete(id);
    try {
      await entry.remove(() => this.#directory.remove(entry.definition.tenant, id));
    } catch (error) {
      // Its files are there, and would be found by the next start.
      this.#entries.set(id, entry);
      throw error;
    }
  }

  /** Bytes of metadata and texts of recent hits that are remembered. */
  get rememberedBytes(): number {
    return this.#services.records.calculatedSize;
  }

  sizes(): IndexSize[] {
    return [...this.#entries.values()].flatMap((entry) => entry.size() ?? []);
  }

  /** Writes the snapshots that are wanted and closes all files. */
  async close(): Promise<void> {
    clearInterval(this.#housekeeping);
    const closed = await Promise.allSettled([...this.#entries.values()].map((entry) => entry.close()));
    for (const result of closed) {
      if (result.status === 'rejected') this.#services.log.error({ err: result.reason }, 'an index could not be closed in order');
    }
  }

  #entry(definition: IndexEntry['definition'], damaged: string | undefined): IndexEntry {
    const directory = this.#directory.indexPath(definition.tenant, definition.id);
    return new IndexEntry(definition, directory, damaged, this.#services, {
      makeRoom: () => this.#makeRoom(),
      freeDescriptors: () => this.#freeDescriptors(),
    });
  }

  /** Indexes of a tenant, with those that are being made. */
  #countOf(tenant: string): number {
    let count = this.#making.filter((one) => one === tenant).length;
    for (const { definition } of this.#entries.values()) if (definition.tenant === tenant) count++;
    return count;
  }

  #find(tenant: string | undefined, id: string): IndexEntry {
    const entry = this.#entries.get(id);
    if (entry === undefined || (tenant !== undefined && entry.definition.tenant !== tenant)) {
      throw new VoisinError('not_found', `no index ${JSON.stringify(id)}`);
    }
    return entry;
  }

  /** Closes those that were used the longest ago when more are open, or opening, than may be. Errors: unavailable when all are in use. */
  async #makeRoom(): Promise<void> {
    const { maxOpenIndexes } = this.#services.limits;
    while (this.#openCount > Math.min(maxOpenIndexes, this.#mostOpen)) {
      if (!(await this.#closeIdle())) {
        throw new VoisinError('unavailable', `${maxOpenIndexes} indexes are open and in use, and no more may be (MAX_OPEN_INDEXES)`, {
          retryAfterSeconds: 1,
        });
      }
    }
  }

  /**
   * More indexes are open than there are file descriptors for, whatever MAX_OPEN_INDEXES says: closes some that nobody uses, and stays below from now
   * on, so that connections and files of the others have room. Resolves to false when all are in use.
   */
  async #freeDescriptors(): Promise<boolean> {
    this.#mostOpen = Math.max(1, this.#openCount - descriptorSpare);
    this.#services.log.warn(
      { open: this.#openCount, most: this.#mostOpen },
      'too many files are open: fewer indexes are kept open from now on',
    );
    if (!(await this.#closeIdle())) return false;
    while (this.#openCount > this.#mostOpen && (await this.#closeIdle()));
    return true;
  }

  get #openCount(): number {
    let count = 0;
    for (const { isOpen } of this.#entries.values()) if (isOpen) count++;
    return count;
  }

  /** Closes the index that nobody has used for the longest time; false: all that are open are in use. */
  async #closeIdle(): Promise<boolean> {
    const idle = [...this.#entries.values()].filter(({ isIdle }) => isIdle).sort((a, b) => a.usedAt - b.usedAt)[0];
    await idle?.close();
    return idle !== undefined;
  }

  async #tidy(): Promise<void> {
    if (this.#tidying) return;
    this.#tidying = true;
    try {
      for (const entry of this.#entries.values()) await entry.tidy();
    } catch (error) {
      if (!hasCode(error, 'LEVEL_DATABASE_NOT_OPEN'))
        this.#services.log.warn({ err: error }, 'looking after the open indexes failed; it is done again in a second');
    } finally {
      this.#tidying = false;
    }
  }
}
