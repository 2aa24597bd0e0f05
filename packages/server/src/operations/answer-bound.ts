// How large an answer may be, and how much memory answers may take together: known before they are made.

import { VoisinError } from '../errors.js';
import type { AnswerMeter } from '../indexes/types.js';
import type { Caller } from './operation.js';

const mib = 1024 * 1024;
/** Smaller answers are not counted together: there may be no more of them than requests. */
const smallBytes = mib;

/** What the answers that are under way hold. */
export class AnswerMemory {
  readonly maxMb: number;
  #held = 0;

  constructor(maxMb: number) {
    this.maxMb = maxMb;
  }

  get held(): number {
    return this.#held;
  }

  /** @throws VoisinError unavailable when others hold too much; an answer that is alone may always be as large as one may be */
  hold(bytes: number, own: number): void {
    const others = this.#held - own;
    if (others > 0 && this.#held + bytes > this.maxMb * mib) {
      const message = `answers of ${Math.round(others / mib)} MiB are being sent, and together they may have ${this.maxMb} (MAX_ANSWER_MB); try again`;
      throw new VoisinError('unavailable', message, { retryAfterSeconds: 1 });
    }
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

/** Measures one answer while what it is made of is read. */
export class AnswerBound implements AnswerMeter {
  readonly #memory: AnswerMemory;
  readonly #caller: Caller;
  readonly #asked: () => string;
  #answer = 0;
  #held = 0;
  #counted = 0;

  /** @param asked what was asked for, and what asks for less: the end of a message */
  constructor(memory: AnswerMemory, caller: Caller, asked: () => string) {
    this.#memory = memory;
    this.#caller = caller;
    this.#asked = asked;
  }

  /** @throws VoisinError payload_too_large when the answer would be too large */
  add(answerBytes: number, heldBytes: number): void {
    this.#answer += answerBytes;
    this.#held += heldBytes;
    const max = this.#memory.maxMb;
    if (this.#answer > max * mib) {
      const message = `the answer would have more than ${max} MiB (MAX_ANSWER_MB): ${this.#asked()}`;
      throw new VoisinError('payload_too_large', message, { max_bytes: max * mib });
    }
    if (this.#held <= smallBytes) return;
    if (this.#counted === 0) this.#caller.atEnd(() => this.#release());
    try {
      this.#memory.hold(this.#held - this.#counted, this.#counted);
    } catch (error) {
      // At once, not with the end of the request: answers that grow side by side would all be refused for one another's sake.
      this.#release();
      throw error;
    }
    this.#counted = this.#held;
  }

  #release(): void {
    this.#memory.release(this.#counted);
    this.#counted = 0;
  }
}
