// One index in the catalogue: closed, opening, open or damaged, and how it goes from one to the other.
import { VoisinError } from '../errors.js';
import { failureOf, isDamage, reasonOf, withoutPaths } from '../store/failure.js';
import { isTooManyFiles } from '../store/disk.js';
import { readRowCount } from '../store/row-count.js';
import { type Definition, describe } from './definition.js';
import { openRows, rowsPath } from './load.js';
import { ManagedIndex } from './managed-index.js';
import { OpenIndex } from './open-index.js';
import type { IndexServices } from './services.js';
import type { IndexInfo, IndexSize } from './types.js';

/** A damaged index is looked at again after this long: an operator may have mended it. */
const damagedPauseMilliseconds = 5000;

export class IndexEntry {
  readonly definition: Definition;
  readonly face: ManagedIndex;
  /** Ascending as lists are: ISO dates compare as texts do. */
  readonly cursor: string;
  readonly #directory: string;
  readonly #services: IndexServices;
  readonly #makeRoom: () => Promise<void>;
  readonly #freeDescriptors: () => Promise<boolean>;
  readonly #definitionDamaged: boolean;
  #damaged: { readonly reason: string; readonly at: number } | undefined;
  #open: Promise<OpenIndex> | undefined;
  #opened: OpenIndex | undefined;
  /** A damage that was met while the index is open: what is whole goes on serving. */
  #fault: string | undefined;
  #closing: Promise<void> | undefined;
  #removed = false;
  #users = 0;
  #whenUnused: (() => void)[] = [];
  /** Rows when the index was last open or looked at. */
  #knownRows: number | undefined;
  #counting: Promise<void> | undefined;
  /** Its store was opened since the start. */
  #looked = false;
  /** What kept the index from opening the last time, and will pass. */
  #obstacle: string | undefined;
  usedAt = Date.now();

  constructor(
    definition: Definition,
    directory: string,
    damaged: string | undefined,
    services: IndexServices,
    { makeRoom, freeDescriptors }: { readonly makeRoom: () => Promise<void>; readonly freeDescriptors: () => Promise<boolean> },
  ) {
    this.definition = definition;
    this.cursor = `${definition.createdAt}_${definition.id}`;
    this.#directory = directory;
    this.#services = services;
    this.#makeRoom = makeRoom;
    this.#freeDescriptors = freeDescriptors;
    this.#definitionDamaged = damaged !== undefined;
    this.#damaged = damaged === undefined ? undefined : { reason: withoutPaths(damaged, directory), at: Date.now() };
    this.face = new ManagedIndex(definition, directory, (use) => this.#lend(use), services);
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  get isIdle(): boolean {
    return this.#users === 0 && this.#opened !== undefined;
  }

  /** `look`: a closed index is looked at on the disk when it was not since the start, so that damage which shows without loading is told. */
  async info({ look }: { readonly look: boolean }): Promise<IndexInfo> {
    await this.#countRows(look);
    const open = this.#opened;
    const damage = this.#damaged?.reason ?? this.#fault;
    const state = damage === undefined ? (open?.state ?? (this.#obstacle === undefined ? 'ready' : 'read_only')) : 'damaged';
    return describe(this.definition, {
      vectors: open?.generation.alive ?? this.#knownRows ?? 0,
      state,
      reason: damage ?? open?.reason ?? this.#obstacle,
    });
  }

  size(): IndexSize | undefined {
    if (this.#opened === undefined) return undefined;
    const { generation, memoryBytes, writesWaiting } = this.#opened;
    const { tenant, id } = this.definition;
    return { tenant, index: id, vectors: generation.alive, deadRows: generation.dead, memoryBytes, writesWaiting };
  }

  /** Closes the index when nobody used it for long; writes its snapshot when that is due. */
  async tidy(): Promise<void> {
    if (this.#opened === undefined || this.#closing !== undefined) return;
    if (this.isIdle && Date.now() - this.usedAt > this.#services.limits.idleMilliseconds) return this.close();
    const open = this.#opened;
    await open.recover();
    open.startWhatIsDue();
    await open.snapshotWhenDue();
  }

  /** Waits for those who use it, writes a snapshot and closes the files. The next use opens it again. */
  close(): Promise<void> {
    this.#closing ??= this.#close({ snapshot: true }).finally(() => {
      this.#closing = undefined;
    });
    return this.#closing;
  }

  /** Closes for good and lets `removeFiles` take the files away. */
  async remove(removeFiles: () => Promise<void>): Promise<void> {
    this.#removed = true;
    try {
      await Promise.allSettled([this.#closing, this.#counting]);
      await this.#close({ snapshot: false }).catch((error: unknown) => {
        this.#services.log.warn({ err: error, ...this.#names() }, 'an index that is deleted could not be closed in order');
      });
      await removeFiles();
    } catch (error) {
      this.#removed = false;
      throw error;
    }
  }

  async #close(options: { readonly snapshot: boolean }): Promise<void> {
    const opening = this.#open;
    if (opening === undefined) return;
    this.#opened?.leaveOff();
    await this.#unused();
    const open = await opening.catch(() => undefined);
    try {
      if (open !== undefined) {
        this.#knownRows = open.generation.alive;
        this.#looked = true;
        await open.close(options);
      }
    } finally {
      this.#opened = undefined;
      this.#open = undefined;
      this.#fault = undefined;
    }
  }

  async #lend<T>(use: (index: OpenIndex) => Promise<T>): Promise<T> {
    if (this.#opened?.broken !== undefined && this.#users === 0) await this.close();
    // Nothing is waited for between seeing that nobody closes it and being one of its users.
    while (this.#closing !== undefined) await this.#closing;
    if (this.#removed) throw new VoisinError('not_found', `no index ${JSON.stringify(this.definition.id)}`);
    this.#users++;
    this.usedAt = Date.now();
    try {
      const index = await this.#opening();
      while (index.reloading !== undefined) await index.reloading.catch(() => undefined);
      if (index.broken !== undefined) {
        throw new VoisinError(
          'unavailable',
          'the index is being opened anew after a fault',
          { retryAfterSeconds: 1 },
          { cause: index.broken },
        );
      }
      return await use(index);
    } catch (error) {
      throw this.#opened === undefined || !isDamage(error) ? error : this.#met(error);
    } finally {
      this.#users--;
      this.usedAt = Date.now();
      if (this.#users === 0) for (const resolve of this.#whenUnused.splice(0)) resolve();
    }
  }

  /** Damage of a part of the files: it is said, and the rest goes on serving. */
  #met(error: unknown): VoisinError {
    this.#fault = withoutPaths(reasonOf(error), this.#directory);
    this.#services.log.error({ err: error, ...this.#names(), reason: this.#fault }, 'a part of an index is damaged');
    return this.#damagedError(this.#fault, error);
  }

  #unused(): Promise<void> {
    return this.#users === 0 ? Promise.resolve() : new Promise((resolve) => this.#whenUnused.push(resolve));
  }

  #opening(): Promise<OpenIndex> {
    if (this.#damaged !== undefined && this.#isSetAside) return Promise.reject(this.#damagedError(this.#damaged.reason));
    this.#open ??= this.#openNow().catch((error: unknown) => {
      this.#open = undefined;
      throw error;
    });
    return this.#open;
  }

  async #openNow(): Promise<OpenIndex> {
    await this.#counting;
    await this.#makeRoom();
    const startedAt = performance.now();
    try {
      this.#opened = await this.#openWithRoom();
      this.#damaged = undefined;
      this.#obstacle = undefined;
      const milliseconds = Math.round(performance.now() - startedAt);
      this.#services.log.info({ ...this.#names(), milliseconds, vectors: this.#opened.generation.alive }, 'an index is open');
      return this.#opened;
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Where all descriptors are in use, indexes that nobody uses are closed for this one. */
  async #openWithRoom(): Promise<OpenIndex> {
    for (;;) {
      try {
        return await OpenIndex.open(this.#directory, this.definition, this.#services);
      } catch (error) {
        if (!isTooManyFiles(error) || !(await this.#freeDescriptors())) throw error;
      }
    }
  }

  /** What keeps the index from opening: passing (disk full, files held by another process, too many open) or damage. */
  #explain(error: unknown): VoisinError {
    if (error instanceof VoisinError && error.code === 'unavailable') return error;
    const failure = failureOf(error) ?? {
      kind: 'passing',
      code: 'internal',
      reason: 'it cannot be opened; the log of the server has the reason',
    };
    if (failure.kind === 'passing') {
      this.#obstacle = failure.reason;
      this.#services.log.error({ err: error, ...this.#names(), reason: failure.reason }, 'an index cannot be opened now');
      const message = `index ${this.definition.id} cannot be used now: ${failure.reason}`;
      return new VoisinError(failure.code, message, { retryAfterSeconds: 5 }, { cause: error });
    }
    const reason = withoutPaths(failure.reason, this.#directory);
    this.#damaged = { reason, at: Date.now() };
    this.#services.log.error({ err: error, ...this.#names(), reason }, 'an index is damaged: it is set aside, the others serve');
    return this.#damagedError(reason, error);
  }

  /** Errors: failed_precondition when the definition could not be read. */
  requireDefinition(): void {
    if (this.#definitionDamaged) throw this.#damagedError(this.#damaged?.reason ?? 'its definition is lost');
  }

  #damagedError(reason: string, cause?: unknown): VoisinError {
    return new VoisinError('failed_precondition', `index ${this.definition.id} is damaged: ${reason}`, { reason }, { cause });
  }

  /** Counts the rows of an index that is closed, without loading it. */
  async #countRows(look: boolean): Promise<void> {
    await this.#counting;
    const isKnown = this.#knownRows !== undefined && this.#obstacle === undefined && (this.#looked || !look);
    if (this.#open !== undefined || isKnown || this.#isSetAside) return;
    this.#counting ??= this.#countNow(look).finally(() => {
      this.#counting = undefined;
    });
    await this.#counting;
  }

  /** Whether it is damaged, and was looked at a short while ago. */
  get #isSetAside(): boolean {
    return this.#damaged !== undefined && (this.#definitionDamaged || Date.now() - this.#damaged.at < damagedPauseMilliseconds);
  }

  async #countNow(look: boolean): Promise<void> {
    try {
      // What kept it from opening may be over: only opening tells.
      const counted = look || this.#obstacle !== undefined ? undefined : await readRowCount(rowsPath(this.#directory));
      if (counted !== undefined) {
        this.#knownRows = counted;
        return;
      }
      const store = await openRows(this.#directory, this.definition);
      this.#knownRows = store.state.rows;
      this.#looked = true;
      this.#damaged = undefined;
      this.#obstacle = undefined;
      await store.close();
    } catch (error) {
      this.#explain(error);
    }
  }

  #names(): { index: string; tenant: string } {
    return { index: this.definition.id, tenant: this.definition.tenant };
  }
}
