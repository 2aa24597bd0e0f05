// The count of allowances in PostgreSQL: many calls are one call of voisin_count (packages/server/migrations), which is one transaction.
import Type from 'typebox';
import { Check } from 'typebox/value';
import { VoisinError } from '../../errors.js';
import type { Database } from '../postgres/database.js';
import type { Standing } from './allowances.js';
import { type Call, entryForgottenAfterMs, reservedForgottenAfterMs, type SharedCount } from './shared-allowances.js';

const Answer = Type.Array(
  Type.Union([
    Type.Null(),
    Type.Array(
      Type.Object({
        ok: Type.Boolean(),
        minuteUsed: Type.Number(),
        minuteStarted: Type.Number(),
        monthUsed: Type.Number(),
        reserved: Type.Number(),
      }),
    ),
  ]),
);

export class PostgresCount implements SharedCount {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async ask(calls: readonly Call[]): Promise<(Standing[] | undefined)[]> {
    // By user, so that two servers never wait for one another's rows; sorting keeps the order of one user's calls.
    const order = [...calls.entries()].sort(([, a], [, b]) => compare(a.userId, b.userId));
    const told = JSON.stringify(order.map(([, { userId, ...call }]) => ({ user: userId, ...call })));
    const question = 'SELECT voisin_count($1::jsonb, $2::interval, $3::interval) AS answer';
    const after = [reservedForgottenAfterMs, entryForgottenAfterMs].map((ms) => `${ms} milliseconds`);
    const answer = await this.#database.ask('voisin_count', question, [told, ...after]);
    if (!Check(Answer, answer) || answer.length !== calls.length)
      throw new VoisinError('internal', 'voisin_count answered something else than standings');
    const standings: (Standing[] | undefined)[] = [];
    for (const [i, [at]] of order.entries()) standings[at] = answer[i] ?? undefined;
    return standings;
  }

  /** The database is closed by whoever opened it. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
