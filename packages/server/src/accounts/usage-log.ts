// What was used, gathered in memory and written twice a second: a crash loses half a second, a stop nothing.
//
// A batch whose writing failed may be written all the same (the answer was lost): it is sent again under its own id until the store has it, and
// what comes meanwhile gathers in the next one. While the store is away both lie in the journal, which a later start reads.
import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { AccountStore } from './account-store.js';
import { dayOf, type UsageBatch, type UsageCounts, type UsageRow } from './records.js';
import { addCounts } from './usage-counts.js';

const writeEveryMs = 500;
/** A key that only searches is in use all the time: that is worth a write a minute, not two a second. */
const touchEveryMs = 60_000;
const touchedHeld = 10_000;

/** Batches that the store does not have yet. */
export interface UsageJournal {
  batches(): Promise<UsageBatch[]>;
  keep(batch: UsageBatch): Promise<void>;
  drop(id: string): Promise<void>;
}

export interface UsageLogLog {
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

export interface UsageLogOptions {
  readonly store: Pick<AccountStore, 'addUsage'>;
  /** None where the store lies in the same place. */
  readonly journal?: UsageJournal | undefined;
  readonly log: UsageLogLog;
  readonly now?: () => Date;
}

class Gathered {
  readonly id = randomUUID();
  readonly rows = new Map<string, UsageRow>();
  readonly lastUsed = new Map<string, Date>();
  /** The journal has it, perhaps as it was before more came. */
  inJournal = false;
  /** The journal has it as it was sent. */
  inJournalWhole = false;

  get isEmpty(): boolean {
    return this.rows.size === 0 && this.lastUsed.size === 0;
  }

  get batch(): UsageBatch {
    return { id: this.id, rows: [...this.rows.values()], lastUsed: this.lastUsed };
  }
}

export class UsageLog {
  readonly #store: Pick<AccountStore, 'addUsage'>;
  readonly #journal: UsageJournal | undefined;
  readonly #log: UsageLogLog;
  readonly #now: () => Date;
  readonly #timer: NodeJS.Timeout;
  /** By key: when its use was noted, in milliseconds since the epoch. */
  readonly #touched = new LRUCache<string, number>({ max: touchedHeld });
  #next = new Gathered();
  #sent: Gathered | undefined;
  #writing: Promise<void> | undefined;
  #failing = false;

  private constructor({ store, journal, log, now = () => new Date() }: UsageLogOptions) {
    this.#store = store;
    this.#journal = journal;
    this.#log = log;
    this.#now = now;
    this.#timer = setInterval(() => void this.write(), writeEveryMs).unref();
  }

  /** Writes what an earlier run could not. */
  static async open(options: UsageLogOptions): Promise<UsageLog> {
    for (const batch of (await options.journal?.batches()) ?? []) {
      await options.store.addUsage(batch);
      await options.journal?.drop(batch.id);
      options.log.info({ rows: batch.rows.length }, 'usage that an earlier run could not write is in');
    }
    return new UsageLog(options);
  }

  get isFailing(): boolean {
    return this.#failing;
  }

  record(who: Pick<UsageRow, 'userId' | 'keyId' | 'model'>, counts: UsageCounts): void {
    const now = this.#now();
    const day = dayOf(now);
    const key = `${who.userId}/${day}/${who.keyId}/${who.model}`;
    const known = this.#next.rows.get(key);
    this.#next.rows.set(key, { ...who, day, ...(known === undefined ? counts : addCounts(known, counts)) });
    this.#next.lastUsed.set(who.keyId, now);
  }

  /** A key was used, embedding or not: its last use is kept to within a minute. */
  touch(keyId: string): void {
    const now = this.#now();
    const last = this.#touched.get(keyId);
    if (last !== undefined && now.getTime() < last + touchEveryMs) return;
    this.#touched.set(keyId, now.getTime());
    this.#next.lastUsed.set(keyId, now);
  }

  /** What is gathered by now is written when this resolves, or kept in the journal, or both failed and it is tried again. */
  async write(): Promise<void> {
    await this.#writing;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    // A store that hangs may take longer to say so than a stop may take.
    if (this.#failing) await this.#keepAll();
    await this.write();
  }

  async #write(): Promise<void> {
    while (this.#sent !== undefined || !this.#next.isEmpty) {
      if (this.#sent === undefined) {
        this.#sent = this.#next;
        this.#next = new Gathered();
      }
      const sent = this.#sent;
      try {
        await this.#store.addUsage(sent.batch);
      } catch (error) {
        await this.#failed(error);
        return;
      }
      this.#sent = undefined;
      if (this.#failing) this.#log.info({}, 'usage is written again');
      this.#failing = false;
      if (sent.inJournal) await this.#drop(sent.id);
    }
  }

  async #failed(error: unknown): Promise<void> {
    if (!this.#failing) this.#log.warn({ err: error }, 'usage cannot be written now; it is kept until it can be');
    this.#failing = true;
    await this.#keepAll();
  }

  async #keepAll(): Promise<void> {
    for (const one of [this.#sent, this.#next]) {
      if (this.#journal === undefined || one === undefined || one.isEmpty || one.inJournalWhole) continue;
      try {
        one.inJournal = true;
        await this.#journal.keep(one.batch);
        // A batch that was sent does not change any more; the next one still grows.
        one.inJournalWhole = one === this.#sent;
      } catch (failure) {
        this.#log.warn({ err: failure }, 'usage cannot be kept in the journal either; it is in memory alone');
      }
    }
  }

  async #drop(id: string): Promise<void> {
    // Written twice under one id is written once: a journal that keeps it does no harm.
    await this.#journal?.drop(id).catch((error: unknown) => this.#log.warn({ err: error }, 'the journal of usage cannot be changed now'));
  }
}
