// A small durable map for the server's own records (key hashes, accounts): LevelDB, opened at first use and made at the first write, so that a server
// that has none starts on a full disk.
//
// A store that lost a part must never look like a new one: the server would be open to everyone. So each write counts itself under `~changes/`, and
// the number of the last one that was answered lies in a file of its own (acknowledged.ts), as for an index's rows.
import { ClassicLevel } from 'classic-level';
import { closeAll } from '../close-all.js';
import { DamageError, VoisinError } from '../errors.js';
import { Acknowledged } from './acknowledged.js';
import { isDiskFull, isThere } from './disk.js';
import { failureOf, reasonOf } from './failure.js';
import { checkTables } from './level-files.js';
import { hasLevel, makeLevel, moveAside } from './level-directory.js';

export type KeyValueChange =
  | { readonly type: 'put'; readonly key: string; readonly value: string }
  | { readonly type: 'del'; readonly key: string };

export interface KeyRange {
  readonly gte: string;
  readonly lt: string;
  readonly limit?: number;
}

/** What an operator can do about a store that cannot be used. */
const waysOut = 'restore both from one backup, or start without the keys and accounts in it: voisin accounts set-aside';
const countPrefix = '~changes/';
const countKey = (changes: number): string => countPrefix + String(changes).padStart(16, '0');

interface Opened {
  readonly db: ClassicLevel;
  readonly acknowledged: Acknowledged;
  changes: number;
}

export class KeyValueStore {
  readonly #directory: string;
  readonly #acknowledgedPath: string;
  #opened: Promise<Opened | undefined> | undefined;
  #damage: VoisinError | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(directory: string, acknowledgedPath = `${directory}.acknowledged`) {
    this.#directory = directory;
    this.#acknowledgedPath = acknowledgedPath;
  }

  /** Errors of all reads and writes: VoisinError, in one line that names the store and the ways out. */
  async get(key: string): Promise<string | undefined> {
    return (await this.#open({ make: false }))?.db.get(key);
  }

  /** Synced: when it resolves, the value survives a power cut. */
  async put(key: string, value: string): Promise<void> {
    await this.write([{ type: 'put', key, value }]);
  }

  /** All of them or none, and synced. Errors: resource_exhausted (disk full), unavailable; nothing is written then. */
  write(changes: readonly KeyValueChange[]): Promise<void> {
    const written = this.#last.then(() => this.#write(changes));
    this.#last = written.catch(() => undefined);
    return written;
  }

  /** Entries in the order of their keys (by bytes of UTF-8). */
  async range({ gte, lt, limit = -1 }: KeyRange): Promise<[key: string, value: string][]> {
    return (await this.#open({ make: false }))?.db.iterator({ gte, lt, limit }).all() ?? [];
  }

  /** Renames the store, whatever state it is in, so that the next use begins with none. @returns the paths that it has now */
  async setAside(): Promise<string[]> {
    await this.close().catch(() => undefined);
    const ending = `set-aside-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
    const paths = [await moveAside(this.#directory, ending), await moveAside(this.#acknowledgedPath, ending)];
    return paths.filter((path) => path !== undefined);
  }

  async close(): Promise<void> {
    await this.#last;
    const opening = this.#opened;
    this.#opened = undefined;
    const opened = await opening?.catch(() => undefined);
    if (opened !== undefined) await closeOpened(opened);
  }

  async #write(changes: readonly KeyValueChange[]): Promise<void> {
    const opened = await this.#open({ make: true });
    const next = opened.changes + 1;
    try {
      await opened.db.batch([...changes, { type: 'put', key: countKey(next), value: '' }, { type: 'del', key: countKey(opened.changes) }], {
        sync: true,
      });
      opened.acknowledged.mark(next);
      opened.changes = next;
    } catch (error) {
      if (!(await this.#isWritten(next))) throw writeError(error);
    }
  }

  /** After a write that failed: what follows it in the log may not be read again, so the store is opened anew; and it may be there all the same. */
  async #isWritten(change: number): Promise<boolean> {
    const opened = await this.#opened;
    this.#opened = undefined;
    if (opened !== undefined) await closeOpened(opened).catch(() => undefined);
    const again = await this.#open({ make: false }).catch(() => undefined);
    if (again?.changes !== change) return false;
    try {
      again.acknowledged.mark(change);
    } catch {
      // The count may lag behind the store.
    }
    return true;
  }

  #open(options: { readonly make: true }): Promise<Opened>;
  #open(options: { readonly make: false }): Promise<Opened | undefined>;
  async #open({ make }: { readonly make: boolean }): Promise<Opened | undefined> {
    if (this.#damage !== undefined) throw this.#damage;
    const found = await (this.#opened ??= this.#openNow(make));
    if (found !== undefined || !make) {
      // Not there yet: the next use looks again.
      if (found === undefined) this.#opened = undefined;
      return found;
    }
    this.#opened = this.#openNow(true);
    return this.#opened;
  }

  async #openNow(make: boolean): Promise<Opened | undefined> {
    try {
      return await this.#find(make);
    } catch (error) {
      this.#opened = undefined;
      const explained = this.#explain(error);
      // A disk that has room again, or an operator who gave the rights, is found at the next use.
      if (explained instanceof DamageError) this.#damage = explained;
      throw explained;
    }
  }

  async #find(make: boolean): Promise<Opened | undefined> {
    const isStore = await hasLevel(this.#directory);
    const file = (await isThere(this.#acknowledgedPath)) ? this.#openAcknowledged() : undefined;
    try {
      const answered = file?.read();
      if (!isStore && answered !== undefined && answered > 0)
        throw new DamageError(`its folder is gone or empty, and ${answered} changes of it were answered`);
      if (!isStore && !make) {
        file?.close();
        return undefined;
      }
      if (!isStore) await this.#make();
      return await this.#openThere(file ?? this.#openAcknowledged(), isStore ? answered : 0);
    } catch (error) {
      file?.close();
      throw error;
    }
  }

  async #make(): Promise<void> {
    // Before the store: one without this file has lost it.
    const acknowledged = this.#openAcknowledged();
    acknowledged.mark(0);
    acknowledged.close();
    await makeLevel(this.#directory);
  }

  async #openThere(acknowledged: Acknowledged, answered: number | undefined): Promise<Opened> {
    // Not made before its folder was looked at: such an object opens itself, and makes a new store, in the next turn of the event loop.
    const db = new ClassicLevel(this.#directory, { createIfMissing: false });
    try {
      await db.open({ createIfMissing: false });
      checkTables(this.#directory, db.getProperty('leveldb.sstables'));
      const changes = await countOf(db, answered);
      if (answered === undefined) acknowledged.mark(changes);
      return { db, acknowledged, changes };
    } catch (error) {
      await closeOpened({ db, acknowledged, changes: 0 }).catch(() => undefined);
      throw error;
    }
  }

  #openAcknowledged(): Acknowledged {
    return new Acknowledged(this.#acknowledgedPath, 'accounts-acknowledged');
  }

  #explain(error: unknown): VoisinError {
    const store = `the accounts store ${this.#directory}`;
    if (isDiskFull(error)) {
      const message =
        'the keys and accounts cannot be opened: the disk is full, and opening them writes a few kilobytes; make room and try again';
      return new VoisinError('resource_exhausted', message, undefined, { cause: error });
    }
    const [what, ways] = [reasonOf(error), `(with ${this.#acknowledgedPath}): ${waysOut}`];
    if (isPassing(error))
      return new VoisinError('unavailable', `${store} cannot be opened: ${what}; give the server its files, or ${ways}`, undefined, {
        cause: error,
      });
    return new DamageError(`${store} is damaged: ${what}; ${ways}`, { cause: error });
  }
}

/** Errors: DamageError when changes are missing. `answered`: undefined where the file with the number of the last of them is gone or empty. */
async function countOf(db: ClassicLevel, answered: number | undefined): Promise<number> {
  const counts = await db.keys({ gte: countPrefix, lt: `${countPrefix}~` }).all();
  const changes = Number(counts.at(-1)?.slice(countPrefix.length) ?? 0);
  if (counts.length > 1) throw new DamageError(`it lost a change before change ${changes}: a file of it was altered`);
  // A store of a version that did not count has neither.
  if (answered === undefined && counts.length > 0)
    throw new DamageError(`the file accounts-acknowledged is gone or empty, and the store has ${changes} changes`);
  if (answered !== undefined && answered > changes)
    throw new DamageError(`it ends at change ${changes}, but change ${answered} was answered: a file of it was cut or is an older copy`);
  return changes;
}

const closeOpened = ({ db, acknowledged }: Opened): Promise<void> => closeAll([() => acknowledged.close(), () => db.close()]);

const isPassing = (error: unknown): boolean => failureOf(error)?.kind === 'passing';

function writeError(error: unknown): VoisinError {
  if (isDiskFull(error)) {
    return new VoisinError(
      'resource_exhausted',
      'the disk is full: the change of keys and accounts was not made',
      { retryAfterSeconds: 5 },
      { cause: error },
    );
  }
  return new VoisinError('unavailable', 'the keys and accounts cannot be written now', { retryAfterSeconds: 5 }, { cause: error });
}
