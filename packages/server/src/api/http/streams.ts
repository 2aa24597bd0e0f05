// Import and export: as long as they take, a bounded piece in memory at a time.

import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { VoisinError } from '../../errors.js';
import { inOneLine } from '../../formats/index.js';
import type { Export } from '../../operations/index-export.js';
import { indexExport } from '../../operations/index-export.js';
import { indexImport, type ImportProgress } from '../../operations/index-import.js';
import { accepts } from './accept.js';
import { discard, importBytes } from './import-bytes.js';
import { errorBody, toVoisinError } from './errors.js';
import { contentTypes, exportBytes } from './export-body.js';
import { callerOf, refused } from './handler.js';
import { importBatches, takeFormat, takeImportOptions } from './import-body.js';
import { takeInput } from './input.js';
import type { Wire } from './parts.js';
import type { Route } from './route.js';

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
type Fields = Readonly<Record<string, unknown>>;

const mib = 1024 * 1024;
/** A line of progress at most this often: a client that does not read while it sends must not stop the import. */
const progressMilliseconds = 200;

export function importHandler(route: Route, wire: Wire): Handler {
  return async (request, reply) => {
    const { index, query, tenantId } = take(route, request, wire);
    const options = takeImportOptions(query, wire.config.limits.maxIdBytes);
    const stream = importBytes(request, wire.config.limits.bodyMb * mib);
    const batches = (dimension: number) => importBatches(stream, { ...options, dimension }, wire.bodies);
    try {
      const progress: unknown = await indexImport.call(wire, callerOf(request, tenantId), { index, batches });
      if (!isProgress(progress)) throw new VoisinError('internal', 'the import gave no progress');
      if (accepts(request.headers.accept, 'application/x-ndjson')) {
        const lines = Readable.from(progressLines(withCount(progress), request), { objectMode: false });
        return await reply.code(200).type('application/x-ndjson; charset=utf-8').send(lines);
      }
      let last: ImportProgress | undefined;
      for await (const step of withCount(progress)) last = step;
      const nothing = last !== undefined && last.imported === 0 && last.failed > 0;
      return await reply.code(nothing ? 400 : 200).send(nothing ? refused(last, request.exchange.requestId) : last);
    } catch (error) {
      // Also when nothing was read: what still comes is thrown away, so that the client gets to read the answer.
      void stream.return(undefined);
      discard(request.raw);
      throw error;
    }
  };
}

export function exportHandler(route: Route, wire: Wire): Handler {
  return async (request, reply) => {
    const { index, query, tenantId } = take(route, request, wire);
    const format = takeFormat(query);
    const output: unknown = await indexExport.call(wire, callerOf(request, tenantId), { index });
    if (!isExport(output)) throw new VoisinError('internal', 'the export gave no vectors');
    const { signal } = request.exchange;
    const bytes = Readable.from(exportBytes(output, format), { objectMode: false, highWaterMark: 256 * 1024, signal });
    bytes.on('error', (error) => {
      if (!signal.aborted) wire.log.error({ err: error, request_id: request.exchange.requestId, index }, 'an export broke off');
    });
    const name = `${index.replace(/[^\w.-]/g, '_')}.${format}`;
    return reply.code(200).type(contentTypes[format]).header('content-disposition', `attachment; filename="${name}"`).send(bytes);
  };
}

function take(route: Route, request: FastifyRequest, wire: Wire): { index: string; query: Fields; tenantId: string | undefined } {
  const params = fields(request.params);
  const query = fields(request.query);
  const { tenantId } = takeInput(route, { params, query, body: undefined }, wire.bodies.limits);
  return { index: String(params['index']), query, tenantId };
}

/** An error in the middle says how much was kept before it. */
async function* withCount(progress: AsyncIterable<ImportProgress>): AsyncGenerator<ImportProgress> {
  let imported = 0;
  try {
    for await (const step of progress) {
      imported = step.imported;
      yield step;
    }
  } catch (thrown) {
    const error = toVoisinError(thrown);
    if (imported === 0) throw error;
    throw new VoisinError(
      error.code,
      `${error.message}; the ${imported} vectors before it were kept`,
      { ...error.details, imported },
      { cause: error },
    );
  }
}

async function* progressLines(progress: AsyncIterable<ImportProgress>, { exchange }: FastifyRequest): AsyncGenerator<string> {
  let next = 0;
  try {
    for await (const step of progress) {
      const now = performance.now();
      if (!step.done && now < next) continue;
      next = now + progressMilliseconds;
      yield `${inOneLine(JSON.stringify(step))}\n`;
    }
  } catch (thrown) {
    const error = toVoisinError(thrown);
    // The answer has begun: its status tells nothing, so the log has to.
    if (error.code === 'internal') exchange.failure = error;
    yield `${inOneLine(JSON.stringify(errorBody(error, exchange.requestId)))}\n`;
  }
}

function isProgress(value: unknown): value is AsyncIterable<ImportProgress> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function isExport(value: unknown): value is Export {
  return typeof value === 'object' && value !== null && 'vectors' in value && 'count' in value;
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
