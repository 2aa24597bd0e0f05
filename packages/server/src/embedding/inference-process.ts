// One inference process seen from the server: starts it, gives it one batch at a time, ends it.
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ModelToLoad } from './models/model-description.js';
import { hasArena, isWorkerReply, runRequest, type LoadedModel, type LoadRequest, type WorkerReply } from './worker-protocol.js';

/** The process died or was ended before it answered. */
export class WorkerLost extends Error {}
/** The process answered that it cannot load the model or run the batch. */
export class WorkerFailed extends Error {}

export interface ProcessOptions {
  readonly load: Omit<LoadRequest, 'kind'>;
  readonly loadTimeoutMs: number;
  readonly runTimeoutMs: number;
  /** What the process writes to its standard error: ONNX Runtime's own complaints. */
  readonly onComplaint: (text: string) => void;
}

interface Pending<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const workerFile = fileURLToPath(new URL('./inference-worker.js', import.meta.url));

// Keys and addresses of the server's environment are none of a model's business.
const passedOn = ['PATH', 'LD_LIBRARY_PATH', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SystemRoot'];

// glibc keeps freed memory for the next request of its size, by default up to 32 MB at a time: what loading a model needed for a moment stayed, 20 MB
// of MiniLM's process, and so did the batches of a crowd, 28 MB. Larger blocks than this go back to the system. Where there is no arena for them, a batch's
// tensors are to be kept: the system takes its time over each.
const keptBlockBytes = (model: ModelToLoad): number => (hasArena(model) ? 2 ** 17 : 2 ** 20);

// ONNX Runtime reports its use to its maker, and keeps files for that in the temporary and home folders, unless it is told not to.
const workerEnvironment = (model: ModelToLoad): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(passedOn.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]])),
  ORT_DISABLE_TELEMETRY: '1',
  MALLOC_MMAP_THRESHOLD_: String(keptBlockBytes(model)),
});

export class InferenceProcess {
  readonly startedAt = Date.now();
  /** Settles when the model is loaded or cannot be. */
  readonly ready: Promise<LoadedModel>;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  readonly #options: ProcessOptions;
  #loading: Pending<LoadedModel> | undefined;
  #running: (Pending<Float32Array> & { readonly id: number }) | undefined;
  #lost: WorkerLost | undefined;
  #batches = 0;

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.#child = fork(workerFile, [], {
      serialization: 'advanced',
      // Node's helper threads would take the cores that ONNX Runtime's threads meet on: the JavaScript here is little, and compiles itself.
      execArgv: ['--single-threaded'],
      env: workerEnvironment(options.load.model),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', options.onComplaint);
    this.#child.on('message', (message) => {
      if (isWorkerReply(message)) this.#receive(message);
    });
    this.#child.on('error', (error) => this.#lose(`could not be started or reached: ${error.message}`));
    this.exited = this.#watchExit();
    this.ready = new Promise<LoadedModel>((resolve, reject) => {
      this.#loading = { resolve, reject, timer: this.#deadline(options.loadTimeoutMs, 'load the model') };
    });
    this.#child.send({ kind: 'load', ...options.load }, (error) => error && this.#lose(error.message));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get batches(): number {
    return this.#batches;
  }

  /** Why the process can no longer be used, if so. */
  get lost(): WorkerLost | undefined {
    return this.#lost;
  }

  /** The model is loaded. */
  get isReady(): boolean {
    return !this.#loading && !this.#lost;
  }

  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  get isIdle(): boolean {
    return this.isReady && !this.isBusy;
  }

  /** Runs one batch; the process must be idle. Rejects with WorkerLost or WorkerFailed. */
  run(texts: readonly Int32Array[]): Promise<Float32Array> {
    const request = runRequest(++this.#batches, texts);
    return new Promise((resolve, reject) => {
      if (!this.isIdle) return reject(this.#lost ?? new WorkerLost('The inference process is not idle'));
      this.#running = { id: request.id, resolve, reject, timer: this.#deadline(this.#options.runTimeoutMs, 'answer') };
      this.#child.send(request, (error) => error && this.#lose(error.message));
    });
  }

  /** Ends the process at once, whatever it does: it keeps nothing. */
  async kill(): Promise<void> {
    this.#lose('was ended');
    await this.exited;
  }

  #watchExit(): Promise<void> {
    if (this.#child.pid === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        this.#lose(`ended with ${signal ?? `code ${code}`}`);
        resolve();
      });
    });
  }

  #deadline(milliseconds: number, task: string): NodeJS.Timeout {
    return setTimeout(() => this.#lose(`did not ${task} within ${milliseconds / 1000} s`), milliseconds);
  }

  #lose(how: string): void {
    if (this.#lost) return;
    this.#lost = new WorkerLost(`an inference process ${how}`);
    this.#settle(this.#loading)?.reject(this.#lost);
    this.#settle(this.#running)?.reject(this.#lost);
    this.#loading = this.#running = undefined;
    this.#child.kill('SIGKILL');
  }

  #settle<T>(pending: Pending<T> | undefined): Pending<T> | undefined {
    if (pending) clearTimeout(pending.timer);
    return pending;
  }

  #receive(reply: WorkerReply): void {
    if (reply.kind === 'ready' || reply.kind === 'failed') {
      const loading = this.#settle(this.#loading);
      this.#loading = undefined;
      if (reply.kind === 'ready') loading?.resolve(reply);
      else loading?.reject(new WorkerFailed(reply.message));
      return;
    }
    if (this.#running?.id !== reply.id) return;
    const running = this.#settle(this.#running);
    this.#running = undefined;
    if (reply.kind === 'vectors') running?.resolve(reply.values);
    else running?.reject(new WorkerFailed(reply.message));
  }
}
