// The connections to PostgreSQL, its schema brought up to date, and one way to say that it is away.
import { fileURLToPath } from 'node:url';
import { DrizzleQueryError } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { DatabaseError, Pool } from 'pg';
import { VoisinError } from '../../errors.js';

// From dist/src/accounts/postgres/ up to the package.
const migrationsFolder = fileURLToPath(new URL('../../../../migrations', import.meta.url));
/** Any number, the same in every version: whoever holds it migrates. */
const migrationLock = 7_306_871_041;
const connections = 8;
const connectWithinMs = 2000;
const answerWithinMs = 5000;

export interface DatabaseLog {
  warn(fields: object, message: string): void;
}

export class Database {
  readonly #orm: NodePgDatabase;
  readonly #pool: Pool;

  private constructor(pool: Pool) {
    this.#pool = pool;
    this.#orm = drizzle(pool);
  }

  /**
   * Connects and migrates; of several servers that start together one does it. The tables go where `search_path` points.
   * @throws VoisinError unavailable naming host and database, never the password
   */
  static async open(url: string, log?: DatabaseLog): Promise<Database> {
    const pool = new Pool({
      connectionString: url,
      max: connections,
      connectionTimeoutMillis: connectWithinMs,
      query_timeout: answerWithinMs,
      idleTimeoutMillis: 60_000,
      application_name: 'voisin',
    });
    // A connection may break while nobody uses it, and between two queries of one transaction: unheard, either ends the process.
    const broke = (error: Error): void => log?.warn({ reason: error.message }, 'a connection to PostgreSQL broke');
    pool.on('error', broke);
    pool.on('connect', (client) => client.on('error', () => undefined));
    try {
      await bringUpToDate(pool);
      return new Database(pool);
    } catch (error) {
      await pool.end();
      const { hostname, port, pathname } = new URL(url);
      const reason = error instanceof Error ? messageOf(error) : String(error);
      throw new VoisinError(
        'unavailable',
        `cannot use PostgreSQL at ${hostname}:${port || '5432'}${pathname} (DATABASE_URL): ${reason}`,
        undefined,
        { cause: error },
      );
    }
  }

  /** @throws VoisinError unavailable, with `retryAfterSeconds`, when PostgreSQL cannot be reached or is stopping; else what `work` throws */
  async run<T>(work: (orm: NodePgDatabase) => Promise<T>): Promise<T> {
    try {
      return await work(this.#orm);
    } catch (error) {
      throw isAway(error)
        ? new VoisinError('unavailable', 'the accounts cannot be read now: PostgreSQL is away', { retryAfterSeconds: 1 }, { cause: error })
        : error;
    }
  }

  /** One value of one row: a statement that is asked often, prepared under its name. @throws as `run` */
  ask(name: string, text: string, values: readonly string[]): Promise<unknown> {
    return this.run(async () => {
      const { rows } = await this.#pool.query<{ answer: unknown }>({ name, text, values: [...values] });
      return rows[0]?.answer;
    });
  }

  /**
   * All of `work` or nothing. Not drizzle's own: that keeps a connection for ever whose BEGIN failed.
   * @throws as `run`
   */
  transaction<T>(work: (orm: NodePgDatabase) => Promise<T>): Promise<T> {
    return this.run(async () => {
      const client = await this.#pool.connect();
      try {
        await client.query('BEGIN');
        const done = await work(drizzle(client));
        await client.query('COMMIT');
        client.release();
        return done;
      } catch (error) {
        // Closed, the connection takes back what it did.
        client.release(true);
        throw error;
      }
    });
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

async function bringUpToDate(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    const found = await client.query<{ schema: string | null }>('SELECT current_schema() AS schema');
    const migrationsSchema = found.rows[0]?.schema;
    if (migrationsSchema === null || migrationsSchema === undefined) throw new Error('search_path names no schema that is there');
    await migrate(drizzle(client), { migrationsFolder, migrationsSchema, migrationsTable: 'voisin_migrations' });
    await client.query('SELECT pg_advisory_unlock($1)', [migrationLock]);
    client.release();
  } catch (error) {
    // Gone with its connection, the lock is free.
    client.release(true);
    throw error;
  }
}

/** Drizzle puts an error of its own, with the whole query, around PostgreSQL's. */
export function causeOf(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error;
}

function messageOf(error: Error): string {
  const cause = causeOf(error);
  if (cause instanceof AggregateError) return cause.errors.map(String).join('; ');
  return cause instanceof Error ? cause.message : error.message;
}

const network = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

function isAway(error: unknown): boolean {
  const cause = causeOf(error);
  // 08: connection, 53: out of connections, memory or disk, 57P: stopping and starting.
  if (cause instanceof DatabaseError) return /^(08|53|57P)/.test(cause.code ?? '');
  if (cause instanceof AggregateError) return cause.errors.some(isAway);
  if (!(cause instanceof Error)) return false;
  if ('code' in cause && typeof cause.code === 'string' && network.has(cause.code)) return true;
  // What pg says without a code.
  return /Connection terminated|timeout|Client has encountered a connection error|Client was closed|read timeout/i.test(cause.message);
}
