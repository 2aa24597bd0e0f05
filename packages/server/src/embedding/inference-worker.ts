// The inference process: loads one model and answers batches until its server lets go of it.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { TextModel } from './text-model.js';
import { isWorkerRequest, type LoadRequest, type WorkerReply, type WorkerRequest } from './worker-protocol.js';

const reply = (message: WorkerReply): void => void process.send?.(message);
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

let model: TextModel | undefined;

async function load(request: LoadRequest): Promise<void> {
  try {
    const hash = request.hash ?? (await sha256(request.file));
    model = await TextModel.open(request);
    reply({ kind: 'ready', hash });
  } catch (error) {
    reply({ kind: 'failed', message: messageOf(error) });
  }
}

async function handle(request: WorkerRequest): Promise<void> {
  if (request.kind === 'load') return load(request);
  try {
    if (!model) throw new Error('no model is loaded');
    reply({ kind: 'vectors', id: request.id, values: await model.run(request) });
  } catch (error) {
    reply({ kind: 'error', id: request.id, message: messageOf(error) });
  }
}

// A terminal sends its signals to the whole group; the server finishes what is under way and then ends this process itself.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));
process.on('message', (message) => {
  if (isWorkerRequest(message)) void handle(message);
});
