// Keys that were checked before, so that bcrypt is not paid on every request, and not for everyone who tries secrets. Holds digests, never keys.
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { VoisinError } from '../errors.js';

const failuresCountForMs = 60_000;
const rememberedAtMost = 10_000;
/** Wrong secrets for one key id from one address that are checked in a minute; a person who mistypes a key does not come near. */
const maxFailures = 10;
/** Checks of one key id that wait for one another, from all addresses. */
const maxWaiting = 50;

interface Failures {
  count: number;
  readonly since: number;
}

export class RememberedKeys {
  readonly #right: LRUCache<string, true>;
  readonly #wrong: LRUCache<string, true>;
  /** By key id and address: secrets that were wrong, or are being checked. */
  readonly #failures: LRUCache<string, Failures>;
  readonly #underWay = new Map<string, Promise<boolean>>();
  /** By key id: how many checks are under way, and the last of them. */
  readonly #checksOf = new Map<string, { count: number; last: Promise<unknown> }>();
  readonly #check: (key: string) => Promise<boolean>;
  readonly #now: () => number;

  /** @param now milliseconds of a clock that never goes back */
  constructor(check: (key: string) => Promise<boolean>, now: () => number = () => performance.now()) {
    this.#check = check;
    this.#now = now;
    // The secret of a key id never changes. Whoever tries others keeps nobody from using a key that was right once.
    this.#right = new LRUCache({ max: rememberedAtMost });
    this.#wrong = new LRUCache({ max: rememberedAtMost });
    this.#failures = new LRUCache({ max: rememberedAtMost });
  }

  /**
   * One check a key id at a time: many secrets for one id hold up nobody else's key. Callers that bring the same key at the same time share one check.
   * @param id what the key says that its id is
   * @param from the address of the client, whose failures count apart
   * @throws VoisinError rate_limited when too many secrets for the id were wrong
   */
  async isRight(id: string, key: string, from = ''): Promise<boolean> {
    const digest = createHash('sha256').update(key).digest('base64');
    if (this.#right.get(digest) === true) return true;
    if (this.#wrong.get(digest) === true) return false;
    const known = this.#underWay.get(digest);
    if (known !== undefined) return known;
    const failures = this.#failuresOf(`${id} ${from}`);
    if (failures.count >= maxFailures) throw tooManyFailures(failures.since + failuresCountForMs - this.#now());
    if ((this.#checksOf.get(id)?.count ?? 0) >= maxWaiting) throw tooManyFailures(1000);
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
    const checks = this.#checksOf.get(id) ?? { count: 0, last: Promise.resolve() };
    const run = (): Promise<boolean> => this.#check(key);
    const check = checks.last.then(run, run);
    checks.count++;
    checks.last = check;
    this.#checksOf.set(id, checks);
    try {
      return await check;
    } finally {
      if (--checks.count === 0) this.#checksOf.delete(id);
    }
  }

  #failuresOf(whose: string): Failures {
    const known = this.#failures.get(whose);
    if (known !== undefined && this.#now() - known.since < failuresCountForMs) return known;
    const failures = { count: 0, since: this.#now() };
    this.#failures.set(whose, failures);
    return failures;
  }
}

function tooManyFailures(milliseconds: number): VoisinError {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  return new VoisinError('rate_limited', `too many wrong secrets for this key id; try again in ${seconds} s`, {
    retryAfterSeconds: seconds,
  });
}
