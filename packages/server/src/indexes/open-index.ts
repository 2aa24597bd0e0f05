// An index that is open: its store, its generation in memory, and the one line of changes that keeps the two in step.
//
// A change is planned, committed to the store with one sync, applied to FAISS in the order of commits, and only then answered.
import { closeAll } from '../close-all.js';
import { inTurns, type Pieces } from '../turns.js';
import type { RowStore } from '../store/row-store.js';
import { Additions } from './additions.js';
import { type Change, changeBytes, type ChangeResult, type Plan, planChanges } from './changes.js';
import { CommitQueue } from './commit-queue.js';
import type { Definition } from './definition.js';
import type { Generation } from './generation.js';
import { forgetRecords, recordKey } from './records.js';
import { trainingNeeds } from './index-type.js';
import { load, type Loaded, openRows, snapshotPath, standIn } from './load.js';
import type { IndexServices } from './services.js';
import { Snapshots } from './snapshots.js';
import { StoreWriter } from './store-writer.js';
import type { IndexState } from './types.js';
import { Upkeep } from './upkeep.js';

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
  readonly #writer: StoreWriter;
  #loaded: Loaded;
  #reloading: Promise<void> | undefined;
  #broken: unknown;
  #rewrites = 0;

  private constructor(directory: string, definition: Definition, store: RowStore, loaded: Loaded, services: IndexServices) {
    this.definition = definition;
    this.#directory = directory;
    this.#services = services;
    this.#store = store;
    this.#loaded = loaded;
    this.#writer = new StoreWriter({
      store,
      directory,
      log: services.log,
      names: this.#names(),
      reload: () => this.#reload(),
      onBroken: (error) => void (this.#broken = error),
    });
    this.#additions = new Additions(definition, services.threads);
    this.#queue = new CommitQueue((changes) => this.#commitAndApply(changes), services.limits);
    this.#snapshots = new Snapshots(this, snapshotPath(directory), loaded, services);
    this.#upkeep = new Upkeep(this, services);
  }

  static async open(directory: string, definition: Definition, services: IndexServices): Promise<OpenIndex> {
    const store = await openRows(directory, definition);
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
    if (this.reason !== undefined) return 'read_only';
    return this.#upkeep.job ?? (this.isTrained ? 'ready' : 'untrained');
  }

  get reason(): string | undefined {
    return this.#writer.readOnly;
  }

  get isTrained(): boolean {
    return trainingNeeds(this.definition.type) === undefined || this.generation.serving !== standIn;
  }

  /** Why memory no longer follows the store: the index must be closed and opened anew. undefined: it does. */
  get broken(): unknown {
    return this.#broken;
  }

  /** Under way: memory is made again from the store, which may hold another state. What is read until then may be of either. */
  get reloading(): Promise<void> | undefined {
    return this.#reloading ?? this.#writer.reopening;
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

  get memoryBytes(): number {
    return this.generation.memoryBytes + this.#store.memoryBytes;
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

  /** As `alone`, for a task that decides by what the index holds what it changes: an earlier write that failed is cleared up first. */
  exclusiveChange<T>(task: () => Promise<T>): Promise<T> {
    return this.alone(async () => {
      await this.#writer.clearFailedWrite();
      return task();
    });
  }

  /** Inside `exclusiveChange`: makes changes that were decided by what the index holds now. */
  changeNow(changes: readonly Change[]): Promise<readonly ChangeResult[]> {
    return this.#commitAndApply(changes);
  }

  /** Inside `exclusiveChange`: writes new metadata and text under a row whose values stay. */
  async rewrite(row: number, metadata: string, text: string | undefined): Promise<void> {
    await this.#writer.requireDisk(metadata.length + (text?.length ?? 0));
    await this.#writer.write((store) => store.commit({ added: [], removed: [], rewritten: [{ row, metadata, text }] }));
    const settled = this.#store.settle();
    const position = this.generation.positionOf(row);
    if (position !== undefined) this.generation.columns.set(position, metadata);
    this.#rewrites++;
    this.#services.records.delete(this.recordKey(row));
    await settled;
  }

  recordKey(row: number): string {
    return recordKey(this.definition.id, row);
  }

  /** Keeps the trained, empty index from which every later generation starts. Errors: as of `change`. */
  putTrained(bytes: Uint8Array): Promise<void> {
    return this.exclusiveChange(async () => {
      await this.#writer.requireDisk(bytes.byteLength);
      await this.#writer.write((store) => store.putTrained(bytes));
    });
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

  /** Starts, in the background, the training or compaction that the index needs now: also one that failed a while ago. */
  startWhatIsDue(): void {
    this.#upkeep.startWhatIsDue();
  }

  /** Ends the read-only state when its reason is gone: whoever waits for that need not try a write. */
  async recover(): Promise<void> {
    if (this.#writer.readOnly !== undefined) await this.alone(() => this.#writer.recover());
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
    await this.alone(() => closeAll([() => this.#snapshots.idle(), () => this.generation.retire(), () => this.#store.close()]));
    await forgetRecords(this.#services, this.definition.id);
  }

  async #commitAndApply(changes: readonly Change[]): Promise<readonly ChangeResult[]> {
    this.#upkeep.refuseWhenBehind();
    // Before the plan: it may find another state on the disk than memory had.
    await this.#writer.clearFailedWrite();
    const plan = await inTurns(planChanges(changes, this.#loaded.rowOfId, this.#store.state.lastRow, this.definition.wanted.dimension));
    const { added, removed } = plan.commit;
    if (added.length === 0 && removed.length === 0) return plan.results;
    await this.#writer.requireDisk(changes.reduce((sum, change) => sum + changeBytes(change), 0));
    await this.#writer.write((store) => store.commit(plan.commit));
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
    for (const [id, row] of rowOfId.entries()) {
      if (row === undefined) this.#loaded.rowOfId.delete(id);
      yield stepsOfForgetting;
    }
  }

  #reload(): Promise<void> {
    this.#reloading = this.#reloadNow().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  async #reloadNow(): Promise<void> {
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

  #names(): { index: string; tenant: string } {
    return { index: this.definition.id, tenant: this.definition.tenant };
  }
}
