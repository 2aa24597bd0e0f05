// Structured logs: one JSON object a line on stderr, or coloured lines for a person at a terminal. Never a key, never a vector.
import { EventEmitter } from 'node:events';
import { pino, stdSerializers, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { default as pretty } from 'pino-pretty';

export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly logLevel: string;
  /** Coloured lines instead of JSON; by default when stderr is a terminal. */
  readonly pretty?: boolean;
  /** Where the lines go; by default stderr, since stdout belongs to what the command line prints. */
  readonly destination?: DestinationStream;
}

/** Fields that hold a key or the contents of a request; removed wherever they stand in the first two levels of a line. */
const unsaid = [
  'apiKeys',
  'apiKey',
  'key',
  'authorization',
  'x-api-key',
  'vector',
  'vectors',
  'values',
  'embedding',
  'embeddings',
  'text',
  'texts',
];
const paths = unsaid.map((field) => (field.includes('-') ? `["${field}"]` : field));
const nested = paths.flatMap((path) => (path.startsWith('[') ? [`*${path}`, `*.headers${path}`] : [`*.${path}`, `*.headers.${path}`]));

export function createLogger(options: LoggerOptions): Logger {
  const colours = options.pretty ?? (options.destination === undefined && process.stderr.isTTY);
  const plain = options.destination ?? pino.destination({ fd: 2, sync: true });
  const stream = colours
    ? pretty({ destination: options.destination ?? 2, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
    : plain;
  // A log that cannot be written (its disk is full, its terminal gone) loses lines; without a listener it would end the process.
  if (stream instanceof EventEmitter) stream.on('error', () => undefined);
  return pino(
    {
      level: options.logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.err, error: stdSerializers.err, req: requestLine, res: responseLine },
      redact: { paths: [...paths, ...nested], remove: true },
    },
    stream,
  );
}

/** Method and path alone: a query may carry a vector, and headers carry the key. */
function requestLine(request: unknown): object {
  const { id, method, url } = fields(request);
  return { id, method, path: typeof url === 'string' ? url.split('?', 1)[0] : undefined };
}

function responseLine(response: unknown): object {
  return { status: fields(response)['statusCode'] };
}

function fields(value: unknown): { readonly [field: string]: unknown } {
  return typeof value === 'object' && value !== null
    ? { ...pick(value, 'id'), ...pick(value, 'method'), ...pick(value, 'url'), ...pick(value, 'statusCode') }
    : {};
}

// Fastify's request and reply have these as getters of their prototype, which a spread would not see.
function pick(value: object, name: string): object {
  return name in value ? { [name]: Reflect.get(value, name) as unknown } : {};
}
