// What the parsing thread is asked and answers.

import type { ErrorCode, ErrorDetails } from '../../../errors.js';
import { type BodyPlan, parseBody, type ParsedBody, type ParseLimits } from './parse-body.js';
import { parseLines } from './parse-lines.js';

export interface ParseJob {
  readonly bytes: Uint8Array;
  /** `lines`: one vector a line, of which `firstLine` (from 1) is the first. */
  readonly plan: BodyPlan | 'lines';
  readonly firstLine?: number;
  readonly limits: ParseLimits;
}

export type ParseReply = {
  readonly number: number;
  /** What the job's bytes lay in. */
  readonly memory: ArrayBuffer | undefined;
} & (
  | { readonly parsed: ParsedBody }
  | { readonly refused: { readonly code: ErrorCode; readonly message: string; readonly details: ErrorDetails | undefined } }
);

export function runJob({ bytes, plan, firstLine, limits }: ParseJob): ParsedBody {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return plan === 'lines' ? parseLines(buffer, firstLine ?? 1, limits) : parseBody(buffer, plan, limits);
}
