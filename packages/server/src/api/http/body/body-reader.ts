// From the bytes of a request to an operation's input: bounded, and large ones parsed away from the event loop.

import type { Readable } from 'node:stream';
import type { Limits } from '../../../config/config.js';
import { VoisinError } from '../../../errors.js';
import { type Coding, decodeError } from './decode.js';
import { TooManyParts } from './json-reader.js';
import { type BodyPlan, parseBody, type ParsedBody, type ParseLimits, type TextsLimit } from './parse-body.js';
import { ParseThread } from './parse-thread.js';
import { toColumns, toInput } from './columns.js';
import type { VectorColumns } from '../../../operations/vector-columns.js';

const mib = 1024 * 1024;
/** Up to here parsing takes less time than it is worth to hand the body over... */
const inPlaceBytes = 256 * 1024;
/** ...where it has no more elements and fields than this: a million small ones would take long. Numbers of vectors are not counted. */
const inPlaceParts = 4000;
const empty = Buffer.alloc(0);
/** Of a body whose length nobody told. */
const firstBytes = 16 * 1024;

export interface BodyRequest {
  readonly plan: BodyPlan;
  readonly maxBytes: number;
  /** Undefined where it is not known, as of a compressed body. */
  readonly contentLength: number | undefined;
  /** Of the key: it has a share of what all bodies may hold. Undefined without keys. */
  readonly tenant: string | undefined;
  /** How the stream was compressed. */
  readonly coding: Coding | undefined;
  readonly limits: ParseLimits;
  /** Tells when nobody waits for the body any longer: its time is up. Returns how to be told no more. */
  readonly onAbort: (stop: (reason: VoisinError) => void) => () => void;
}

export class BodyReader {
  readonly thread = new ParseThread();
  readonly limits: ParseLimits;
  readonly #mostBytes: number;
  /** Of one tenant: two bodies of three. */
  readonly #mostOfTenant: number;
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor({ maxMetadataBytes, maxIdBytes, maxVectorsPerRequest, queryBatch, maxDimension, bodyMb }: Limits) {
    this.limits = { maxMetadataBytes, maxIdBytes, maxItems: maxVectorsPerRequest, maxQueries: queryBatch, maxDimension };
    this.#mostBytes = Math.max(256, 3 * bodyMb) * mib;
    this.#mostOfTenant = Math.floor((this.#mostBytes * 2) / 3);
  }

  /** @param texts of a route; undefined where its bodies hold none */
  limitsWith(texts: TextsLimit | undefined): ParseLimits {
    return texts === undefined ? this.limits : { ...this.limits, texts };
  }

  /** Bytes of the bodies that are being received or parsed. */
  get bytesInFlight(): number {
    return this.#bytes;
  }

  /**
   * @returns the fields of the body; undefined when it is empty
   * @throws VoisinError payload_too_large, invalid_argument, unavailable when too many bodies are under way, and why it was given up
   */
  async read(stream: Readable, request: BodyRequest): Promise<Record<string, unknown> | undefined> {
    const claimed = request.contentLength ?? 0;
    if (claimed > request.maxBytes) throw tooLarge(request.maxBytes, `${claimed}`);
    const { tenant } = request;
    let held = this.#hold(claimed, claimed, tenant);
    try {
      const whole = claimed > inPlaceBytes ? this.thread.spare.take(claimed) : Buffer.allocUnsafeSlow(request.contentLength ?? firstBytes);
      const bytes = await receive(stream, request, whole, (more) => {
        held += this.#hold(more, held + more, tenant);
      });
      if (bytes.length === 0) return undefined;
      const { plan, limits } = request;
      const parsed = bytes.length <= inPlaceBytes ? parseInPlace(bytes, plan, limits) : undefined;
      if (parsed !== undefined) return toInput(parsed);
      return toInput(await this.thread.parse({ bytes, plan, limits }));
    } finally {
      this.#release(held, tenant);
    }
  }

  /** @param bytes whole lines that own their buffer; it moves away */
  async readLines(bytes: Uint8Array, firstLine: number): Promise<{ columns: VectorColumns; lines: Uint32Array }> {
    const { columns, lines } = await this.thread.parse({ bytes, plan: 'lines', firstLine, limits: this.limits });
    if (columns === undefined || lines === undefined) throw new VoisinError('internal', 'the parsing thread answered something else');
    return { columns: toColumns(columns), lines };
  }

  close(): Promise<void> {
    return this.thread.close();
  }

  /** @param whole bytes of this body so far: small ones pass always, so that a search need not wait for the uploads of others */
  #hold(bytes: number, whole: number, tenant: string | undefined): number {
    const own = tenant === undefined ? 0 : (this.#bytesOf.get(tenant) ?? 0);
    if (whole > inPlaceBytes) {
      if (this.#bytes + bytes > this.#mostBytes) throw tooMuch('unavailable', this.#mostBytes, 'three times MAX_BODY_MB');
      if (own + bytes > this.#mostOfTenant) throw tooMuch('rate_limited', this.#mostOfTenant, 'twice MAX_BODY_MB for one tenant');
    }
    this.#bytes += bytes;
    if (tenant !== undefined) this.#bytesOf.set(tenant, own + bytes);
    return bytes;
  }

  #release(bytes: number, tenant: string | undefined): void {
    this.#bytes -= bytes;
    if (tenant === undefined) return;
    const rest = (this.#bytesOf.get(tenant) ?? 0) - bytes;
    if (rest > 0) this.#bytesOf.set(tenant, rest);
    else this.#bytesOf.delete(tenant);
  }
}

function tooMuch(code: 'unavailable' | 'rate_limited', bytes: number, bound: string): VoisinError {
  const message = `bodies of ${Math.floor(bytes / mib)} MiB are under way, and no more may be (${bound}); try again`;
  return new VoisinError(code, message, { retryAfterSeconds: 1 });
}

/** undefined: there is too much in it. */
function parseInPlace(bytes: Buffer, plan: BodyPlan, limits: ParseLimits): ParsedBody | undefined {
  try {
    return parseBody(bytes, plan, limits, inPlaceParts);
  } catch (error) {
    if (error instanceof TooManyParts) return undefined;
    throw error;
  }
}

function tooLarge(maxBytes: number, got: string): VoisinError {
  return new VoisinError('payload_too_large', `body: expected at most ${maxBytes} bytes, got ${got}`, {
    field: 'body',
    max_bytes: maxBytes,
  });
}

/** The whole body in a buffer that nothing else uses, so that it can move to a thread. Listeners: an iterator costs more than a small body. */
function receive(
  stream: Readable,
  { maxBytes, contentLength, coding, onAbort }: BodyRequest,
  memory: Buffer,
  hold: (more: number) => void,
): Promise<Buffer> {
  if (contentLength === 0) return Promise.resolve(empty);
  return new Promise((resolve, reject) => {
    let whole = memory;
    let length = 0;
    let offAbort = (): void => undefined;
    const done = (outcome: () => void): void => {
      stream.off('data', take).off('end', end).off('error', failed).off('close', gone);
      offAbort();
      outcome();
    };
    // What still comes is read and thrown away, so that the client gets to read the answer. What is compressed is not decoded for that.
    const refuse = (error: unknown): void => {
      done(() => reject(error));
      if (coding === undefined) stream.resume();
      else stream.destroy();
    };
    const take = (chunk: Buffer): void => {
      const needed = length + chunk.length;
      try {
        if (needed > maxBytes) throw tooLarge(maxBytes, 'more');
        if (contentLength === undefined) hold(chunk.length);
      } catch (error) {
        refuse(error);
        return;
      }
      if (needed > whole.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(needed, whole.length * 2));
        whole.copy(larger, 0, 0, length);
        whole = larger;
      }
      length += chunk.copy(whole, length);
    };
    const end = (): void => done(() => resolve(length === whole.length ? whole : whole.subarray(0, length)));
    const failed = (cause: Error): void => {
      const own = coding === undefined ? cause : decodeError(cause, coding);
      done(() => reject(own instanceof VoisinError ? own : incomplete(cause)));
    };
    const gone = (): void => done(() => reject(incomplete()));
    stream.on('data', take).on('end', end).on('error', failed).on('close', gone);
    offAbort = onAbort(refuse);
  });
}

function incomplete(cause?: Error): VoisinError {
  return new VoisinError(
    'invalid_argument',
    'body: the connection closed before its end',
    { field: 'body' },
    cause === undefined ? {} : { cause },
  );
}
