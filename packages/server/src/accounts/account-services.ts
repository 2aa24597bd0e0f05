// The accounts room, put together: where accounts are kept, who may call, who may embed how much, and what was used.
import { closeAll } from '../close-all.js';
import type { Tiers } from '../config/tiers.js';
import { VoisinError } from '../errors.js';
import { AccountKeys } from './account-keys.js';
import type { AccountStore } from './account-store.js';
import { Accounts, defaultTenant } from './accounts.js';
import { AdminKey } from './admin-key.js';
import { Administration } from './administration.js';
import type { Allowances, MonthSoFar } from './allowances/allowances.js';
import { MemoryAllowances } from './allowances/memory-allowances.js';
import { SharedAllowances } from './allowances/shared-allowances.js';
import type { ConfiguredKey } from './configured-keys.js';
import type { SystemStore } from './identity.js';
import { LevelAccountStore, type Records } from './level-store.js';
import { Meter } from './meter.js';
import { LevelUsageJournal } from './usage-journal.js';
import { UsageLog, type UsageJournal } from './usage-log.js';

export interface AccountsLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface AccountServicesOptions {
  readonly apiKeys: readonly ConfiguredKey[];
  readonly keyless: boolean;
  readonly allowAnonymous: boolean;
  readonly tiers: Tiers;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly redisPrefix: string;
  readonly accountsGraceSeconds: number;
}

export interface AccountServices {
  readonly accounts: Accounts;
  readonly administration: Administration;
  readonly meter: Meter;
  readonly usage: UsageLog;
  /** What several servers count together is away, and this one counts for itself. */
  readonly countsAlone: () => boolean;
  /** Writes what was used, then lets go of the store. */
  close(): Promise<void>;
}

type SystemRecords = SystemStore & Records;

interface Kept {
  readonly store: AccountStore;
  readonly allowances: Allowances;
  readonly journal?: UsageJournal;
}

/** @throws VoisinError unavailable when PostgreSQL is named and cannot be used */
export async function openAccounts(options: AccountServicesOptions, found: SystemRecords, log: AccountsLog): Promise<AccountServices> {
  const { records, isReadable } = await readableRecords(options, found, log);
  const { store, allowances, journal } = await open(options, records, log, isReadable);
  try {
    const keys = new AccountKeys(store, { graceMs: options.accountsGraceSeconds * 1000 });
    // An accounts store that cannot be read may have users: nobody becomes one of its first.
    const areUnknown = !isReadable && options.databaseUrl === undefined;
    const [thereAre, administrate] = areUnknown ? [true, true] : [await store.hasUsers(), await store.hasAdmin()];
    if (thereAre && options.allowAnonymous)
      log.warn({}, 'ALLOW_ANONYMOUS: there are accounts, and nobody needs their keys: quotas bind no one');
    const exist = usersExist(store, thereAre);
    const usage = await UsageLog.open({ store, journal, log });
    const users = { keys, exist: exist.ask, administrate, used: (keyId: string) => usage.touch(keyId) };
    const accounts = await Accounts.open({ ...options, users }, records);
    const administration = administrationOf(
      options,
      store,
      () => AdminKey.isKept(records),
      () => {
        keys.forget();
        exist.changed();
      },
    );
    const meter = new Meter(allowances, options.tiers);
    return {
      accounts,
      administration,
      meter,
      usage,
      countsAlone: () => allowances instanceof SharedAllowances && allowances.countsAlone,
      async close() {
        await closeAll([() => usage.close(), () => meter.close(), () => store.close()]);
      },
    };
  } catch (error) {
    await closeAll([() => allowances.close(), () => store.close()]).catch(() => undefined);
    throw error;
  }
}

/**
 * The records, which have been read. Where they cannot be, keys of the environment go on working and nothing else does; without such keys the server
 * does not start.
 */
async function readableRecords(
  { apiKeys, databaseUrl }: AccountServicesOptions,
  records: SystemRecords,
  log: AccountsLog,
): Promise<{ records: SystemRecords; isReadable: boolean }> {
  try {
    await (databaseUrl === undefined ? new LevelAccountStore(records).hasAdmin() : records.get(''));
    return { records, isReadable: true };
  } catch (error) {
    if (apiKeys.length === 0 || !(error instanceof VoisinError)) throw error;
    log.warn({ err: error }, `${error.message}; until then the keys of FAISS_PROXY_API_KEYS work, those of accounts do not`);
    const refuse = (): Promise<never> =>
      Promise.reject(
        new VoisinError('unavailable', 'the keys and accounts of this server cannot be read; its log has the reason', {
          retryAfterSeconds: 30,
        }),
      );
    return { records: { get: refuse, put: refuse, write: refuse, range: refuse }, isReadable: false };
  }
}

/** Where a command finds the accounts, and the admin key of the server that they are for. */
export interface AccountPlace {
  /** Of the data directory; undefined: accounts lie in PostgreSQL. */
  readonly records: SystemRecords | undefined;
  readonly keepsAdminKey: () => Promise<boolean>;
}

/** Users and keys alone, for a command that no server hears: nothing is counted, nobody is let in. */
export async function openAdministration(
  options: Pick<AccountServicesOptions, 'tiers' | 'databaseUrl' | 'apiKeys' | 'keyless'>,
  { records, keepsAdminKey }: AccountPlace,
): Promise<{ administration: Administration; close: () => Promise<void> }> {
  const store = records === undefined ? await postgresStore(options.databaseUrl ?? '') : new LevelAccountStore(records);
  return { administration: administrationOf(options, store, keepsAdminKey), close: () => store.close() };
}

function administrationOf(
  { tiers, apiKeys, keyless }: Pick<AccountServicesOptions, 'tiers' | 'apiKeys' | 'keyless'>,
  store: AccountStore,
  keepsAdminKey: () => Promise<boolean>,
  changed?: () => void,
): Administration {
  // An admin key of an earlier start counts only where the server would make one.
  const hasAdminKey = async (): Promise<boolean> => apiKeys.length === 0 && !keyless && (await keepsAdminKey());
  return new Administration({ store, tiers, defaultTenant, hasAdminKey, ...(changed === undefined ? {} : { changed }) });
}

async function open(options: AccountServicesOptions, records: SystemRecords, log: AccountsLog, isReadable: boolean): Promise<Kept> {
  const { databaseUrl, redisUrl, redisPrefix, accountsGraceSeconds } = options;
  // Loaded when they are wanted: a server without them starts sooner and holds less.
  if (databaseUrl !== undefined) {
    const { Database } = await import('./postgres/database.js');
    const { PostgresAccountStore } = await import('./postgres/postgres-store.js');
    const { PostgresCount } = await import('./allowances/postgres-count.js');
    const database = await Database.open(databaseUrl, log);
    const store = new PostgresAccountStore(database);
    await store.forgetOldBatches();
    // The store is away when its own count is wanted: an account that was not heard of since the start begins with nothing.
    const own = accountsGraceSeconds > 0 ? new MemoryAllowances(async () => 0) : undefined;
    const allowances = new SharedAllowances({ count: new PostgresCount(database), monthSoFar: monthsOf(store), own, log });
    return { store, allowances, ...(isReadable ? { journal: new LevelUsageJournal(records) } : {}) };
  }
  const store = new LevelAccountStore(records);
  const own = new MemoryAllowances(monthsOf(store));
  if (redisUrl === undefined) return { store, allowances: own };
  const { RedisCount } = await import('./allowances/redis-count.js');
  const count = new RedisCount({ url: redisUrl, prefix: redisPrefix });
  return { store, allowances: new SharedAllowances({ count, monthSoFar: monthsOf(store), own, log }) };
}

const monthsOf =
  (store: AccountStore): MonthSoFar =>
  (userId, month) =>
    store.costOf(userId, month);

async function postgresStore(databaseUrl: string): Promise<AccountStore> {
  const { Database } = await import('./postgres/database.js');
  const { PostgresAccountStore } = await import('./postgres/postgres-store.js');
  return new PostgresAccountStore(await Database.open(databaseUrl));
}

const askAgainAfterMs = 500;

/** Whether there are users: once there are, that stays; another server may make the first. */
function usersExist(store: AccountStore, atFirst: boolean): { ask: () => boolean | Promise<boolean>; changed: () => void } {
  let known = atFirst;
  let askAt = performance.now() + askAgainAfterMs;
  let asking: Promise<boolean> | undefined;
  const read = async (): Promise<boolean> => {
    known = (await store.hasUsers()) || known;
    askAt = performance.now() + askAgainAfterMs;
    return known;
  };
  // Who comes while it is being asked waits for the answer: until then nobody knows whether they need a key.
  const ask = (): Promise<boolean> => {
    asking ??= read().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  return {
    ask: () => (known || !store.shared || performance.now() < askAt ? known : ask()),
    // Whatever was changed was a user, or had one.
    changed: () => {
      known = true;
    },
  };
}
