// A small durable map for the server's own records (key hashes, accounts): LevelDB, opened at first use.
import { ClassicLevel } from 'classic-level';

export class KeyValueStore {
  readonly #directory: string;
  #db: Promise<ClassicLevel> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#open()).get(key);
  }

  /** Synced: when it resolves, the value survives a power cut. */
  async put(key: string, value: string): Promise<void> {
    await (await this.#open()).batch([{ type: 'put', key, value }], { sync: true });
  }

  async close(): Promise<void> {
    if (this.#db !== undefined) await (await this.#db).close();
  }

  #open(): Promise<ClassicLevel> {
    this.#db ??= (async () => {
      const db = new ClassicLevel(this.#directory);
      await db.open();
      return db;
    })().catch((error: unknown) => {
      this.#db = undefined;
      throw error;
    });
    return this.#db;
  }
}
