// The one line in which the changes of an index stand: many requests, one commit; or one piece of work that wants to be alone.
import { VoisinError } from '../errors.js';

interface Waiting<Change, Result> {
  readonly change: Change;
  readonly bytes: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

type Step<Change, Result> =
  | { readonly kind: 'change'; readonly waiting: Waiting<Change, Result> }
  | { readonly kind: 'alone'; readonly run: () => Promise<void> };

export class CommitQueue<Change, Result> {
  readonly #commit: (changes: readonly Change[]) => Promise<readonly Result[]>;
  readonly #limits: { readonly queueBytes: number; readonly groupBytes: number };
  readonly #steps: Step<Change, Result>[] = [];
  #bytes = 0;
  #running = false;

  /** `commit` makes all changes of a group durable and visible, in order, or none: it answers with one result each, or throws for all. */
  constructor(
    commit: (changes: readonly Change[]) => Promise<readonly Result[]>,
    limits: { readonly queueBytes: number; readonly groupBytes: number },
  ) {
    this.#commit = commit;
    this.#limits = limits;
  }

  get waiting(): number {
    return this.#steps.length;
  }

  /** Queues a change. Errors: unavailable, at once, when the queue holds its limit of bytes. */
  submit(change: Change, bytes: number): Promise<Result> {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#limits.queueBytes) {
      return Promise.reject(
        new VoisinError(
          'unavailable',
          `too many changes wait for this index (${this.#bytes} bytes; the limit is ${this.#limits.queueBytes})`,
          {
            retryAfterSeconds: 1,
          },
        ),
      );
    }
    this.#bytes += bytes;
    return new Promise((resolve, reject) => this.#push({ kind: 'change', waiting: { change, bytes, resolve, reject } }));
  }

  /** Runs `task` after the changes before it and before those behind it. */
  alone<T>(task: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => this.#push({ kind: 'alone', run: () => task().then(resolve, reject) }));
  }

  #push(step: Step<Change, Result>): void {
    this.#steps.push(step);
    if (!this.#running) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#running = true;
    for (let step = this.#steps.shift(); step !== undefined; step = this.#steps.shift()) {
      if (step.kind === 'alone') await step.run();
      else await this.#commitGroup(this.#groupFrom(step.waiting));
    }
    this.#running = false;
  }

  #groupFrom(first: Waiting<Change, Result>): Waiting<Change, Result>[] {
    const group = [first];
    let bytes = first.bytes;
    for (
      let next = this.#steps[0];
      next?.kind === 'change' && bytes + next.waiting.bytes <= this.#limits.groupBytes;
      next = this.#steps[0]
    ) {
      this.#steps.shift();
      group.push(next.waiting);
      bytes += next.waiting.bytes;
    }
    return group;
  }

  async #commitGroup(group: readonly Waiting<Change, Result>[]): Promise<void> {
    try {
      const results = await this.#commit(group.map(({ change }) => change));
      for (const [at, { resolve, reject }] of group.entries()) {
        const result = results[at];
        if (result === undefined) reject(new VoisinError('internal', 'the commit gave fewer results than changes'));
        else resolve(result);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    } finally {
      for (const { bytes } of group) this.#bytes -= bytes;
    }
  }
}
