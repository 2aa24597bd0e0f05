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
}

/** Batches that a process may have: the one that runs, and the next, so that it need not ask for it first. */
const MOST_BATCHES = 2;

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
  /** The first one runs. */
  readonly #running: (Pending<Float32Array> & { readonly id: number })[] = [];
  /** Of the load, or of the batch that runs. */
  #deadline: NodeJS.Timeout | undefined;
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
      this.#loading = { resolve, reject };
      this.#expect('load the model', options.loadTimeoutMs);
    });
    this.#send({ kind: 'load', ...options.load });
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
    return this.#running.length > 0;
  }

  get isIdle(): boolean {
    return this.isReady && !this.isBusy;
  }

  /** It may be given a batch. */
  get hasRoom(): boolean {
    return this.isReady && this.#running.length < MOST_BATCHES;
  }

  /** Runs a batch, after the one that it has; the process must have room. Rejects with WorkerLost or WorkerFailed. */
  run(texts: readonly Int32Array[]): Promise<Float32Array> {
    const request = runRequest(++this.#batches, texts);
    return new Promise((resolve, reject) => {
      if (!this.hasRoom) return reject(this.#lost ?? new WorkerLost('The inference process has no room'));
      this.#running.push({ id: request.id, resolve, reject });
      if (this.#running.length === 1) this.#expect('answer', this.#options.runTimeoutMs);
      this.#send(request);
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

  #send(message: object): void {
    // Where no file can be opened for its pipes there is no process, and nothing to send with.
    if (this.#child.connected) this.#child.send(message, (error) => error && this.#lose(error.message));
    else this.#lose('could not be started or reached');
  }

  #expect(task: string, milliseconds: number): void {
    this.#deadline = setTimeout(() => this.#lose(`did not ${task} within ${milliseconds / 1000} s`), milliseconds);
  }

  #lose(how: string): void {
    if (this.#lost) return;
    this.#lost = new WorkerLost(`an inference process ${how}`);
    clearTimeout(this.#deadline);
    this.#loading?.reject(this.#lost);
    this.#loading = undefined;
    for (const { reject } of this.#running.splice(0)) reject(this.#lost);
    this.#child.kill('SIGKILL');
  }

  #receive(reply: WorkerReply): void {
    if (reply.kind === 'ready' || reply.kind === 'failed') {
      clearTimeout(this.#deadline);
      const loading = this.#loading;
      this.#loading = undefined;
      if (reply.kind === 'ready') loading?.resolve(reply);
      else loading?.reject(new WorkerFailed(reply.message));
      return;
    }
    if (this.#running[0]?.id !== reply.id) return;
    clearTimeout(this.#deadline);
    const running = this.#running.shift();
    if (this.#running.length > 0) this.#expect('answer', this.#options.runTimeoutMs);
    if (reply.kind === 'vectors') running?.resolve(reply.values);
    else running?.reject(new WorkerFailed(reply.message));
  }
}
