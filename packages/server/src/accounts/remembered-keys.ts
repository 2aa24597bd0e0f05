// Keys that were checked a moment ago, so that bcrypt is not paid on every request, and not for everyone who tries secrets. Holds digests, never keys.
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { VoisinError } from '../errors.js';

const rememberedForMs = 60_000;
const rememberedAtMost = 1000;
/** Wrong secrets of one key id that are checked in a minute; a person who mistypes a key does not come near. */
const maxFailures = 10;

interface Failures {
  count: number;
  readonly since: number;
}

export class RememberedKeys {
  readonly #right: LRUCache<string, true>;
  readonly #wrong: LRUCache<string, true>;
  /** By key id: secrets that were wrong, or are being checked. */
  readonly #failures: LRUCache<string, Failures>;
  readonly #underWay = new Map<string, Promise<boolean>>();
  /** By key id: the last check that is under way. */
  readonly #lastOf = new Map<string, Promise<unknown>>();
  readonly #check: (key: string) => Promise<boolean>;
  readonly #now: () => number;

  /** @param now milliseconds of a clock that never goes back */
  constructor(check: (key: string) => Promise<boolean>, now: () => number = () => performance.now()) {
    this.#check = check;
    this.#now = now;
    const options = { max: rememberedAtMost, ttl: rememberedForMs, ttlResolution: 0, perf: { now } };
    // A key in use stays remembered: whoever tries secrets for its id keeps nobody from using it.
    this.#right = new LRUCache({ ...options, updateAgeOnGet: true });
    this.#wrong = new LRUCache(options);
    this.#failures = new LRUCache({ max: 10 * rememberedAtMost });
  }

  /**
   * One check a key id at a time: many secrets for one id hold up nobody else's key. Callers that bring the same key at the same time share one check.
   * @param id what the key says that its id is
   * @throws VoisinError rate_limited when too many secrets for the id were wrong
   */
  async isRight(id: string, key: string): Promise<boolean> {
    const digest = createHash('sha256').update(key).digest('base64');
    if (this.#right.get(digest) === true) return true;
    if (this.#wrong.get(digest) === true) return false;
    const known = this.#underWay.get(digest);
    if (known !== undefined) return known;
    const failures = this.#failuresOf(id);
    if (failures.count >= maxFailures) throw tooManyFailures(failures.since + rememberedForMs - this.#now());
    failures.count++;
    const check = this.#afterOthersOf(id, key).finally(() => this.#underWay.delete(digest));
    this.#underWay.set(digest, check);
    try {
      const right = await check;
      if (right) failures.count--;
      (right ? this.#right : this.#wrong).set(digest, true);
      return right;
    } catch (error) {
      // It is not known whether it was wrong.
      failures.count--;
      throw error;
    }
  }

  async #afterOthersOf(id: string, key: string): Promise<boolean> {
    const before = this.#lastOf.get(id);
    const check = (before ?? Promise.resolve()).then(
      () => this.#check(key),
      () => this.#check(key),
    );
    this.#lastOf.set(id, check);
    try {
      return await check;
    } finally {
      if (this.#lastOf.get(id) === check) this.#lastOf.delete(id);
    }
  }

  #failuresOf(id: string): Failures {
    const known = this.#failures.get(id);
    if (known !== undefined && this.#now() - known.since < rememberedForMs) return known;
    const failures = { count: 0, since: this.#now() };
    this.#failures.set(id, failures);
    return failures;
  }
}

function tooManyFailures(milliseconds: number): VoisinError {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  return new VoisinError('rate_limited', `too many wrong secrets for this key id; try again in ${seconds} s`, {
    retryAfterSeconds: seconds,
  });
}
