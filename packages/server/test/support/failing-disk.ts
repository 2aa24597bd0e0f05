// A disk that fails when a test says so, for this process: below our code, at the calls into LevelDB, FAISS and Node, so that no write site of ours
// can be forgotten and the server pays nothing for it. A failing call is not made at all ('before'), or made and reported as failed ('after').
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { Index } from '@voisin/faiss';

export type Moment = 'before' | 'after';

/** A call that writes: which, and on which file. */
export interface WriteCall {
  readonly site: 'level batch' | 'level open' | 'write' | 'sync' | 'rename' | 'faiss write';
  readonly path: string;
}

type Run = <T>(call: WriteCall, work: () => Promise<T>) => Promise<T>;

interface LevelBinding {
  db_open(context: object, location: string, options: object): Promise<void>;
  batch_init(context: object): object;
  batch_write(batch: object, options: object): Promise<void>;
  batch_do(context: object, operations: unknown[], options: object): Promise<void>;
}

const binding: LevelBinding = createRequire(createRequire(import.meta.url).resolve('classic-level'))('./binding');

const failure = (site: string): Error => Object.assign(new Error(`IO error: ${site} of the test: Input/output error`), { code: 'EIO' });

export class FailingDisk {
  readonly #decide: (call: WriteCall) => Moment | undefined;
  readonly #locations = new WeakMap<object, string>();
  readonly #undo: (() => void)[] = [];

  /** `decide` is asked at each call below `root`: whether, and at which moment, it fails. */
  constructor(root: string, decide: (call: WriteCall) => Moment | undefined) {
    this.#decide = (call) => (call.path.startsWith(root) ? decide(call) : undefined);
    this.#patchLevel();
    this.#patchNode();
    const run: Run = (call, work) => this.#run(call, work);
    this.#patch(Index.prototype, 'write', (write) => {
      return function (this: Index, path: string) {
        return run({ site: 'faiss write', path }, () => write.call(this, path));
      };
    });
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo.splice(0)) undo();
    syncBuiltinESMExports();
  }

  #patchLevel(): void {
    this.#patch(binding, 'db_open', (open) => (context, location, options) => {
      this.#locations.set(context, location);
      // An opening that reports a failure after it succeeded would leave LevelDB open: that cannot happen.
      return this.#decide({ site: 'level open', path: location }) === undefined
        ? open(context, location, options)
        : Promise.reject(failure('level open'));
    });
    this.#patch(binding, 'batch_init', (init) => (context) => {
      const batch = init(context);
      this.#locations.set(batch, this.#locations.get(context) ?? '');
      return batch;
    });
    this.#patch(
      binding,
      'batch_write',
      (write) => (batch, options) =>
        this.#run({ site: 'level batch', path: this.#locations.get(batch) ?? '' }, () => write(batch, options)),
    );
    this.#patch(
      binding,
      'batch_do',
      (write) => (context, operations, options) =>
        this.#run({ site: 'level batch', path: this.#locations.get(context) ?? '' }, () => write(context, operations, options)),
    );
  }

  #patchNode(): void {
    const { promises } = fs;
    this.#patch(promises, 'rename', (rename) => (from, to) => this.#run({ site: 'rename', path: String(to) }, () => rename(from, to)));
    const run: Run = (call, work) => this.#run(call, work);
    const writeSync: (...args: Parameters<typeof fs.writeSync>) => number = fs.writeSync;
    const failingWrite = (...args: Parameters<typeof fs.writeSync>): number => {
      const moment = this.#decide({ site: 'write', path: pathOf(args[0]) });
      if (moment === 'before') throw failure('write');
      const written = writeSync(...args);
      if (moment === 'after') throw failure('write');
      return written;
    };
    Object.assign(fs, { writeSync: failingWrite });
    this.#undo.push(() => Object.assign(fs, { writeSync }));
    this.#patch(prototypeOfFiles, 'sync', (sync) => {
      return function (this: fs.promises.FileHandle) {
        return run({ site: 'sync', path: pathOf(this.fd) }, () => sync.call(this));
      };
    });
    this.#patch(prototypeOfFiles, 'writeFile', (write) => {
      return function (this: fs.promises.FileHandle, ...args) {
        return run({ site: 'write', path: pathOf(this.fd) }, () => write.apply(this, args));
      };
    });
    syncBuiltinESMExports();
  }

  async #run<T>(call: WriteCall, work: () => Promise<T>): Promise<T> {
    const moment = this.#decide(call);
    if (moment === 'before') throw failure(call.site);
    const result = await work();
    if (moment === 'after') throw failure(call.site);
    return result;
  }

  #patch<Target extends object, Name extends keyof Target>(
    target: Target,
    name: Name,
    make: (original: Target[Name]) => Target[Name],
  ): void {
    const original = target[name];
    target[name] = make(original);
    this.#undo.push(() => {
      target[name] = original;
    });
  }
}

function pathOf(descriptor: number): string {
  return fs.readlinkSync(`/proc/self/fd/${descriptor}`);
}

/** The prototype of all open files: Node exports no class of that name. */
const probe = await fs.promises.open('/dev/null');
const prototypeOfFiles: fs.promises.FileHandle = Object.getPrototypeOf(probe);
await probe.close();
