// Usage that PostgreSQL does not have yet, in the data directory's own LevelDB.
import { batchFromJson, batchToJson } from './level-records.js';
import type { Records } from './level-store.js';
import type { UsageBatch } from './records.js';
import type { UsageJournal } from './usage-log.js';

const prefix = 'accounts/usage-journal/';
const end = '\u{10ffff}';

export class LevelUsageJournal implements UsageJournal {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  async batches(): Promise<UsageBatch[]> {
    return (await this.#records.range({ gte: prefix, lt: prefix + end })).map(([, value]) => batchFromJson(value));
  }

  async keep(batch: UsageBatch): Promise<void> {
    await this.#records.write([{ type: 'put', key: prefix + batch.id, value: batchToJson(batch) }]);
  }

  async drop(id: string): Promise<void> {
    await this.#records.write([{ type: 'del', key: prefix + id }]);
  }
}
