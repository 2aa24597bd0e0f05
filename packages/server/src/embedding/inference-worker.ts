// The inference process: loads one model and answers batches until its server lets go of it.
import { collectGarbage } from '../process/garbage.js';
import { cacheHash, fingerprint } from './fingerprint.js';
import { TextModel } from './text-model.js';
import { isWorkerRequest, type LoadRequest, type WorkerReply, type WorkerRequest } from './worker-protocol.js';

/** Without work for so long, a process tidies up: a few milliseconds. */
const REST_MS = 10_000;

const reply = (message: WorkerReply): void => void process.send?.(message);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

let model: TextModel | undefined;

/** V8 does not see how much memory the vectors of past runs hold: up to 26 MB of garbage were seen. Collected when nobody asks for a while. */
const rest = setTimeout(() => collectGarbage(), REST_MS);

async function load(request: LoadRequest): Promise<void> {
  try {
    // Reading the files a first time for their fingerprint brings them into memory for the other.
    const [opened, files] = await Promise.all([TextModel.open(request), fingerprint(request.model)]);
    model = opened;
    const { keepsTextsApart } = opened;
    reply({ kind: 'ready', hash: cacheHash(files, { oneByOne: request.oneByOne, keepsTextsApart }), keepsTextsApart });
  } catch (error) {
    reply({ kind: 'failed', message: messageOf(error) });
  }
}

async function handle(request: WorkerRequest): Promise<void> {
  rest.refresh();
  if (request.kind === 'load') return load(request);
  try {
    if (!model) throw new Error('no model is loaded');
    reply({ kind: 'vectors', id: request.id, values: await model.run(request) });
  } catch (error) {
    reply({ kind: 'error', id: request.id, message: messageOf(error) });
  }
}

/** One request after another: the next batch comes while one runs, and the model has room for one. */
let last = Promise.resolve();

// A terminal sends its signals to the whole group; the server finishes what is under way and then ends this process itself.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  if (isWorkerRequest(message)) last = last.then(() => handle(message));
});
