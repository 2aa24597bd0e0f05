// An index that is open: its store, its generation in memory, and the one line of changes that keeps the two in step.
//
// A change is planned, committed to the store with one sync, applied to FAISS in the order of commits, and only then answered.
import { VoisinError } from '../errors.js';
import { freeBytes, isDiskFull } from '../store/disk.js';
import { inTurns, type Pieces } from '../turns.js';
import { type Commit, RowStore } from '../store/row-store.js';
import { Additions } from './additions.js';
import { type Change, changeBytes, type ChangeResult, type Plan, planChanges } from './changes.js';
import { CommitQueue } from './commit-queue.js';
import type { Definition } from './definition.js';
import type { Generation } from './generation.js';
import { trainingNeeds } from './index-type.js';
import { load, type Loaded, rowsPath, snapshotPath, standIn } from './load.js';
import type { IndexServices } from './services.js';
import { Snapshots } from './snapshots.js';
import type { IndexState } from './types.js';
import { Upkeep } from './upkeep.js';

/** Beside twice the bytes of a commit, what LevelDB may need for its own files. */
const spareDiskBytes = 2 ** 20;
const amplyFreeBytes = 64 * 2 ** 20;
const reclaimPauseMilliseconds = 30_000;
/** Steps of taking one row or id out of a map. */
const stepsOfForgetting = 8;

export class OpenIndex {
  readonly definition: Definition;
  readonly #directory: string;
  readonly #services: IndexServices;
  readonly #queue: CommitQueue<Change, ChangeResult>;
  readonly #additions: Additions;
  readonly #snapshots: Snapshots;
  readonly #upkeep: Upkeep;
  readonly #closing = new AbortController();
  readonly #store: RowStore;
  #loaded: Loaded;
  #readOnly: string | undefined;
  #storeFailed = false;
  #broken: unknown;
  #rewrites = 0;
  #orphanBytes = 0;
  #reclaimedAt = 0;

  private constructor(directory: string, definition: Definition, store: RowStore, loaded: Loaded, services: IndexServices) {
    this.definition = definition;
    this.#directory = directory;
    this.#services = services;
    this.#store = store;
    this.#loaded = loaded;
    this.#additions = new Additions(definition, services.threads);
    this.#queue = new CommitQueue((changes) => this.#commitAndApply(changes), services.limits);
    this.#snapshots = new Snapshots(this, snapshotPath(directory), loaded, services);
    this.#upkeep = new Upkeep(this, services);
  }

  static async open(directory: string, definition: Definition, services: IndexServices): Promise<OpenIndex> {
    const store = await RowStore.open(rowsPath(directory), definition.wanted.dimension);
    try {
      const index = new OpenIndex(directory, definition, store, await load(directory, definition, store, services), services);
      index.#upkeep.startWhatIsDue();
      return index;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  get store(): RowStore {
    return this.#store;
  }

  get generation(): Generation {
    return this.#loaded.generation;
  }

  /** Aborted when the index is about to close: background work leaves off. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get state(): IndexState {
    if (this.#readOnly !== undefined) return 'read_only';
    return this.#upkeep.job ?? (this.isTrained ? 'ready' : 'untrained');
  }

  get reason(): string | undefined {
    return this.#readOnly;
  }

  get isTrained(): boolean {
    return trainingNeeds(this.definition.type) === undefined || this.generation.serving !== standIn;
  }

  /** Why memory no longer follows the store: the index must be closed and opened anew. undefined: it does. */
  get broken(): unknown {
    return this.#broken;
  }

  /** Rows rewritten so far: what was read before the last one must not be remembered. */
  get rewrites(): number {
    return this.#rewrites;
  }

  get writesWaiting(): number {
    return this.#queue.waiting;
  }

  get snapshotAt(): string | undefined {
    return this.#snapshots.writtenAt;
  }

  get changesSinceSnapshot(): number {
    return this.#store.state.changes - this.#snapshots.changes;
  }

  rowOf(id: string): number | undefined {
    return this.#loaded.rowOfId.get(id);
  }

  /** Makes a change durable, then visible. Errors: resource_exhausted (disk full), unavailable (queue full, compaction behind). */
  change(change: Change): Promise<ChangeResult> {
    return this.#queue.submit(change, changeBytes(change));
  }

  /** Runs `task` between the changes before it and those after it. */
  alone<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue.alone(task);
  }

  /** Inside `alone`: makes changes that were decided by what the index holds now. */
  changeNow(changes: readonly Change[]): Promise<readonly ChangeResult[]> {
    return this.#commitAndApply(changes);
  }

  /** Inside `alone`: writes new metadata and text under a row whose values stay. */
  async rewrite(row: number, metadata: string, text: string | undefined): Promise<void> {
    await this.#makeRoomFor(metadata.length + (text?.length ?? 0));
    await this.#write({ added: [], removed: [], rewritten: [{ row, metadata, text }] });
    const settled = this.#store.settle();
    const position = this.generation.positionOf(row);
    if (position !== undefined) this.generation.columns.set(position, metadata);
    this.#rewrites++;
    this.#services.records.delete(this.recordKey(row));
    await settled;
  }

  recordKey(row: number): string {
    return `${this.definition.id}/${row}`;
  }

  /** Inside `alone`: the generation that serves from now on. Searches under way end in the old one. */
  replaceGeneration(generation: Generation): void {
    const old = this.generation;
    this.#loaded = { ...this.#loaded, generation };
    old.retire();
    this.#snapshots.changed(generation.size);
  }

  /** Trains now, with what there is. Errors: failed_precondition when that is too little. */
  train(): Promise<void> {
    return this.#upkeep.train();
  }

  /** Builds the index again without its dead rows. */
  compact(): Promise<void> {
    return this.#upkeep.compact();
  }

  /** Ends the read-only state when its reason is gone: whoever waits for that need not try a write. */
  async recover(): Promise<void> {
    if (this.#readOnly === undefined) return;
    // What a compaction left on a full disk goes when the store is opened anew; one that is under way grows.
    const orphanBytes = this.#store.orphanBytes;
    if (orphanBytes > 0 && orphanBytes === this.#orphanBytes && Date.now() - this.#reclaimedAt > reclaimPauseMilliseconds) {
      this.#reclaimedAt = Date.now();
      this.#storeFailed = true;
      await this.alone(() => this.#reopenStore()).catch((error: unknown) => {
        this.#services.log.warn({ err: error, ...this.#names() }, 'the room that a compaction took could not be had back');
      });
    }
    this.#orphanBytes = orphanBytes;
    await this.alone(() => this.#makeRoomFor(0)).catch((error: unknown) => {
      this.#services.log.debug({ err: error, ...this.#names() }, 'the index is still read-only');
    });
  }

  /** Makes background work leave off: the index is about to close. */
  leaveOff(): void {
    this.#closing.abort();
  }

  /** Writes index.faiss if it is time. */
  snapshotWhenDue(): Promise<void> {
    return this.#snapshots.writeWhenDue();
  }

  /** Waits for the changes under way, writes a snapshot (unless the index is about to be removed) and lets go of memory and files. */
  async close({ snapshot }: { readonly snapshot: boolean }): Promise<void> {
    this.leaveOff();
    if (snapshot) await this.#snapshots.write();
    await this.alone(async () => {
      await this.#snapshots.idle();
      this.generation.retire();
      await this.#store.close();
    });
  }

  async #commitAndApply(changes: readonly Change[]): Promise<readonly ChangeResult[]> {
    this.#upkeep.refuseWhenBehind();
    const plan = await inTurns(planChanges(changes, this.#loaded.rowOfId, this.#store.state.lastRow, this.definition.wanted.dimension));
    const { added, removed } = plan.commit;
    if (added.length === 0 && removed.length === 0) return plan.results;
    await this.#makeRoomFor(changes.reduce((sum, change) => sum + changeBytes(change), 0));
    await this.#write(plan.commit);
    try {
      await this.#apply(plan);
    } catch (error) {
      this.#services.log.error({ err: error, ...this.#names() }, 'FAISS failed after a commit: the index is made again from its store');
      await this.#reload();
    }
    this.#snapshots.changed(added.length + removed.length);
    this.#upkeep.startWhatIsDue();
    return plan.results;
  }

  /** The new position in and the old one dead, at one moment for all searches. */
  async #apply({ commit: { added, removed }, rowOfId }: Plan): Promise<void> {
    const { generation } = this;
    if (added.length > 0) {
      await this.#additions.add(generation, added);
      await generation.columns.appendAll(added.map(({ metadata }) => metadata));
    }
    const dying = await inTurns(generation.positionsOf(removed));
    // All of this in one go: nobody sees a part of it.
    const settled = this.#store.settle();
    generation.kill(dying);
    generation.append(added);
    for (const { id, row } of added) this.#loaded.rowOfId.set(id, row);
    await settled;
    // What still leads to a dead row is found to be dead by everyone, so it may go piece by piece.
    await inTurns(generation.forget(dying));
    await inTurns(this.#forget(removed, rowOfId));
  }

  *#forget(removed: readonly number[], rowOfId: Plan['rowOfId']): Pieces<void> {
    for (const row of removed) {
      this.#services.records.delete(this.recordKey(row));
      yield stepsOfForgetting;
    }
    for (const [id, row] of rowOfId) {
      if (row === undefined) this.#loaded.rowOfId.delete(id);
      yield stepsOfForgetting;
    }
  }

  async #reload(): Promise<void> {
    const old = this.generation;
    try {
      await this.#store.settle();
      this.#loaded = await load(this.#directory, this.definition, this.#store, this.#services);
    } catch (error) {
      this.#broken = error;
      throw error;
    }
    this.#rewrites++;
    this.#services.records.clear();
    old.retire();
  }

  async #makeRoomFor(bytes: number): Promise<void> {
    const free = await freeBytes(this.#directory);
    // The next start writes LevelDB's logs into tables: it must find the room for that. They are looked at only when room is scarce.
    const wanted = 2 * bytes + spareDiskBytes + (free < 2 * bytes + amplyFreeBytes ? this.#store.reopenBytes : 0);
    if (free < wanted) throw this.#refuseWrites(`the disk is full (${free} bytes are free, ${wanted} are wanted)`);
    if (this.#storeFailed) await this.#reopenStore();
    this.#readOnly = undefined;
  }

  async #write(commit: Commit): Promise<void> {
    try {
      await this.#store.commit(commit);
    } catch (error) {
      // LevelDB takes no more writes after a failed one until it is opened again.
      this.#storeFailed = true;
      throw this.#refuseWrites(isDiskFull(error) ? 'the disk is full' : 'the store could not be written', error);
    }
  }

  async #reopenStore(): Promise<void> {
    const known = this.#store.state.changes;
    try {
      await this.#store.reopen();
    } catch (error) {
      this.#broken = error;
      throw this.#refuseWrites(`the store cannot be opened again: ${error instanceof Error ? error.message : String(error)}`, error);
    }
    // The failed commit may have reached the disk after all.
    if (this.#store.state.changes !== known) await this.#reload();
    this.#storeFailed = false;
    this.#services.log.info(this.#names(), 'the index can be written again');
  }

  #refuseWrites(reason: string, cause?: unknown): VoisinError {
    const isNews = this.#readOnly === undefined;
    this.#readOnly = `${reason}: the index is read-only until it can be written again`;
    if (isNews || cause !== undefined) this.#services.log.error({ err: cause, ...this.#names() }, this.#readOnly);
    const code = cause === undefined || isDiskFull(cause) ? 'resource_exhausted' : 'unavailable';
    return new VoisinError(code, this.#readOnly, { retryAfterSeconds: 5 }, { cause });
  }

  #names(): { index: string; tenant: string } {
    return { index: this.definition.id, tenant: this.definition.tenant };
  }
}
