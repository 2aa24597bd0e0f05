// The thread that parses large bodies, so that the event loop goes on answering.

import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { VoisinError } from '../../../errors.js';
import { buffersOf } from './parse-body.js';
import { type ParseJob, type ParseReply, runJob } from './parse-job.js';

// On Linux this thread alone: searches come before uploads where there are fewer cores than work.
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

parentPort?.on('message', ({ number, job }: { number: number; job: ParseJob }) => {
  const reply = attempt(number, job);
  const buffers = 'parsed' in reply ? buffersOf(reply.parsed) : [];
  // The body's memory goes back, for the next one.
  if (reply.memory !== undefined) buffers.push(reply.memory);
  // A small vector may share a pooled buffer with nothing: each comes from its own sink, so all can move.
  parentPort?.postMessage(reply, buffers);
});

function attempt(number: number, job: ParseJob): ParseReply {
  const memory = job.bytes.buffer instanceof ArrayBuffer ? job.bytes.buffer : undefined;
  try {
    return { number, memory, parsed: runJob(job) };
  } catch (error) {
    if (error instanceof VoisinError)
      return { number, memory, refused: { code: error.code, message: error.message, details: error.details } };
    throw error;
  }
}
