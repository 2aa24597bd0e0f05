// Allowances in PostgreSQL: many steps are one call of voisin_allow (packages/server/migrations), which is one transaction.
import Type from 'typebox';
import { Check } from 'typebox/value';
import { VoisinError } from '../../errors.js';
import type { Database } from '../postgres/database.js';
import type { Allowances, Standing, Step } from './allowances.js';

const Answer = Type.Array(
  Type.Object({ ok: Type.Boolean(), minuteUsed: Type.Number(), minuteStarted: Type.Number(), monthUsed: Type.Number() }),
);

export class PostgresAllowances implements Allowances {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async apply(steps: readonly Step[]): Promise<Standing[]> {
    // By user, so that two servers never wait for one another's rows; sorting keeps the order of one user's steps.
    const order = [...steps.keys()].sort((a, b) => compare(steps[a]?.userId ?? '', steps[b]?.userId ?? ''));
    const call = JSON.stringify(order.map((at) => toJson(steps[at])));
    const answer = await this.#database.ask('voisin_allow', 'SELECT voisin_allow($1::jsonb) AS answer', [call]);
    if (!Check(Answer, answer) || answer.length !== steps.length)
      throw new VoisinError('internal', 'voisin_allow answered something else than standings');
    const standings: Standing[] = [];
    for (const [i, at] of order.entries()) {
      const standing = answer[i];
      if (standing !== undefined) standings[at] = standing;
    }
    return standings;
  }

  /** The database is closed by whoever opened it. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

function toJson(step: Step | undefined): object {
  if (step === undefined) return {};
  const { kind, userId, ...fields } = step;
  return { user: userId, ...fields, ...(kind === 'give' ? { give: true } : {}) };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
