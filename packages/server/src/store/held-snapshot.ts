// A LevelDB snapshot with several users: closed by the last of them, because an iterator of classic-level fails when its snapshot is closed under it.
import type { Level } from './store-state.js';

export class HeldSnapshot {
  readonly snapshot: ReturnType<Level['snapshot']>;
  #users = 1;

  constructor(db: Level) {
    this.snapshot = db.snapshot();
  }

  hold(): this {
    this.#users++;
    return this;
  }

  async release(): Promise<void> {
    if (--this.#users === 0) await this.snapshot.close();
  }
}
