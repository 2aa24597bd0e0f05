// FAISS_DATA_DIR: who may use it (one process), which indexes lie in it, and how one is made and removed without a moment
// in which a crash leaves half of it.
//
//   {tenant}/{index}/          definition.json, rows/ (RowStore), index.faiss (snapshot)
//   {tenant}/.new-{index}/     being made: renamed in when complete
//   {tenant}/.gone-{index}/    being removed: renamed out first
//   .system/                   the server's own records: keys and accounts
//   accounts-acknowledged      the number of the last change of them that was answered
//   lock                       held with flock(2) while the process lives; says who holds it
import { closeSync, type Dirent, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { closeAll } from '../close-all.js';
import { VoisinError } from '../errors.js';
import { hasCode, isDiskFull, isThere, isTooManyFiles, makeDirectory, syncPath } from './disk.js';
import { flock } from './flock.js';
import { KeyValueStore } from './key-value.js';

const [newPrefix, gonePrefix] = ['.new-', '.gone-'];
const definitionFile = 'definition.json';
/** The ids that we give: UUIDs. */
const indexName = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An index found on disk: its definition as JSON, or why that cannot be read. */
export type FoundIndex = { readonly tenant: string; readonly id: string } & (
  | { readonly definition: unknown }
  | { readonly damaged: string }
);

export class DataDirectory {
  readonly path: string;
  readonly system: KeyValueStore;
  readonly #lock: number;

  private constructor(path: string, lock: number) {
    this.path = path;
    this.#lock = lock;
    this.system = new KeyValueStore(join(path, '.system'), join(path, 'accounts-acknowledged'));
  }

  /** Makes the directory where it is missing and takes its lock. Errors: failed_precondition naming the holder; unavailable with the reason. */
  static async open(path: string): Promise<DataDirectory> {
    const root = resolve(path);
    try {
      keepToOwner();
      await makeDirectory(root);
      await closeToOthers(root);
      return new DataDirectory(root, takeLock(root));
    } catch (error) {
      if (error instanceof VoisinError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new VoisinError('unavailable', `cannot use the data directory ${root} (FAISS_DATA_DIR): ${reason}`, undefined, {
        cause: error,
      });
    }
  }

  indexPath(tenant: string, id: string): string {
    return join(this.path, tenant, id);
  }

  /** All indexes, and an end to what a crash left half made or half removed. What cannot be read or removed now stays for the next start. */
  async scan(onTrouble: (path: string, error: unknown) => void): Promise<FoundIndex[]> {
    const found: FoundIndex[] = [];
    for (const tenant of await readdir(this.path, { withFileTypes: true })) {
      if (!tenant.isDirectory() || tenant.name.startsWith('.')) continue;
      for (const entry of await this.#entriesOf(tenant.name, onTrouble)) {
        const path = join(this.path, tenant.name, entry.name);
        if (entry.name.startsWith(newPrefix) || entry.name.startsWith(gonePrefix)) {
          await rm(path, { recursive: true, force: true }).catch((error: unknown) => onTrouble(path, error));
        } else if (entry.isDirectory() && !entry.name.startsWith('.')) {
          // Half a snapshot: on a full disk its room is wanted before anything is opened.
          const half = join(path, 'index.faiss.new');
          await rm(half, { recursive: true, force: true }).catch((error: unknown) => onTrouble(half, error));
          found.push({ tenant: tenant.name, id: entry.name, ...(await readDefinition(path)) });
        } else if (indexName.test(entry.name)) {
          found.push({ tenant: tenant.name, id: entry.name, damaged: `${path} is not a directory` });
        }
      }
    }
    return found;
  }

  async #entriesOf(tenant: string, onTrouble: (path: string, error: unknown) => void): Promise<Dirent[]> {
    const path = join(this.path, tenant);
    try {
      return await readdir(path, { withFileTypes: true });
    } catch (error) {
      onTrouble(path, error);
      return [];
    }
  }

  /** Makes an index's directory. It is there whole, and survives a power cut, when this resolves. */
  async create(tenant: string, id: string, definition: object): Promise<void> {
    const tenantPath = join(this.path, tenant);
    const draft = join(tenantPath, newPrefix + id);
    try {
      if ((await mkdir(tenantPath, { recursive: true })) !== undefined) await syncPath(this.path);
      await mkdir(draft);
      await writeSynced(join(draft, definitionFile), Buffer.from(JSON.stringify(definition, null, 2)));
      // Made now: an index whose rows are gone must not look like a new one.
      await mkdir(join(draft, 'rows'));
      await syncPath(draft);
      await rename(draft, this.indexPath(tenant, id));
      await syncPath(tenantPath);
    } catch (error) {
      // Also where only the last sync failed: who is told that there is no index must not find one after a restart.
      for (const path of [draft, this.indexPath(tenant, id)]) await rm(path, { recursive: true, force: true }).catch(() => undefined);
      if (isDiskFull(error))
        throw new VoisinError('resource_exhausted', 'the disk is full: the index was not made', undefined, { cause: error });
      throw error;
    }
  }

  /** Removes an index's directory: it is gone for every later start once this resolves; its files may take a moment longer. */
  async remove(tenant: string, id: string): Promise<void> {
    const tenantPath = join(this.path, tenant);
    const gone = join(tenantPath, gonePrefix + id);
    await rename(this.indexPath(tenant, id), gone).catch(async (error: unknown) => {
      // An earlier try came so far.
      if (!hasCode(error, 'ENOENT') || !(await isThere(gone))) throw error;
    });
    await syncPath(tenantPath);
    // What stays goes at the next start.
    await rm(gone, { recursive: true, force: true }).catch(() => undefined);
  }

  async close(): Promise<void> {
    await closeAll([() => this.system.close(), () => closeSync(this.#lock)]);
  }
}

/** Writes a whole new file and syncs it. */
export async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readDefinition(path: string): Promise<{ definition: unknown } | { damaged: string }> {
  try {
    return { definition: JSON.parse(await readFile(join(path, definitionFile), 'utf8')) };
  } catch (error) {
    // A server that starts like this could use none of its indexes: what is wrong is not them.
    if (isTooManyFiles(error)) throw error;
    return { damaged: `${definitionFile} cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** What this process makes from now on is its user's alone: LevelDB and FAISS take no modes. A thread cannot say so; its process did. */
function keepToOwner(): void {
  if (isMainThread) process.umask(0o077);
}

/**
 * Takes the rights of others from a data directory that an earlier version made, or that was made for us and is empty. Any other folder (somebody gave
 * /tmp) stays as it is, and so does one that is not this user's: its rights were given on purpose.
 */
async function closeToOthers(root: string): Promise<void> {
  const { mode, uid } = await stat(root);
  const isShared = (mode & 0o077) !== 0 && (mode & 0o1000) === 0;
  if (!isShared || uid !== process.getuid?.()) return;
  const names = await readdir(root);
  if (names.length === 0 || names.includes('lock')) await chmod(root, 0o700);
}

/** Ours until the process ends. */
function takeLock(root: string): number {
  const path = join(root, 'lock');
  const descriptor = openSync(path, 'a+', 0o600);
  const lock = flock(descriptor);
  if (lock === 'ours') {
    try {
      ftruncateSync(descriptor);
      writeSync(descriptor, `process ${process.pid} on ${hostname()} since ${new Date().toISOString()}\n`);
    } catch (failure) {
      if (!isDiskFull(failure)) throw failure;
    }
    return descriptor;
  }
  const holder = readFileSync(path, 'utf8').trim();
  closeSync(descriptor);
  if (lock !== 'taken') throw new Error(lock.reason);
  throw new VoisinError(
    'failed_precondition',
    `the data directory ${root} is in use by ${holder || 'another process'}; stop that server or choose another FAISS_DATA_DIR`,
  );
}
