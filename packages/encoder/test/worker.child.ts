// An encoder in a worker: computes the ids that it is given, and says the vectors.
import { parentPort, workerData } from 'node:worker_threads';
import { bundled, openEncoder } from './models.test-help.js';

const { ids, lengths } = workerData as { ids: Int32Array; lengths: Int32Array };
parentPort?.postMessage((await openEncoder(bundled)).run(ids, lengths));
