// Keys that were checked a moment ago, so that bcrypt is not paid on every request. Holds digests, never keys.
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

const rememberedForMs = 60_000;
const rememberedAtMost = 1000;

export class RememberedKeys {
  readonly #checked: LRUCache<string, true>;
  readonly #underWay = new Map<string, Promise<boolean>>();
  readonly #check: (key: string) => Promise<boolean>;

  /** @param now milliseconds of a clock that never goes back */
  constructor(check: (key: string) => Promise<boolean>, now: () => number = () => performance.now()) {
    this.#check = check;
    this.#checked = new LRUCache({ max: rememberedAtMost, ttl: rememberedForMs, ttlResolution: 0, perf: { now } });
  }

  /** Callers that bring the same key at the same time share one check; only right keys are remembered. */
  async isRight(key: string): Promise<boolean> {
    const digest = createHash('sha256').update(key).digest('base64');
    if (this.#checked.get(digest) === true) return true;
    const known = this.#underWay.get(digest);
    if (known !== undefined) return known;
    const check = this.#check(key).finally(() => this.#underWay.delete(digest));
    this.#underWay.set(digest, check);
    const right = await check;
    if (right) this.#checked.set(digest, true);
    return right;
  }

  /** To be called when a key is revoked. */
  forgetAll(): void {
    this.#checked.clear();
  }
}
