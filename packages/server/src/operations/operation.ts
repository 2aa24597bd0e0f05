// What an operation is: a name, what it takes, what it gives, and a function. Every wire calls the same operations.

import type { Static, TSchema } from 'typebox';
import type { AccountServices } from '../accounts/account-services.js';
import type { AccountRef } from '../accounts/identity.js';
import type { LimitState } from '../accounts/meter.js';
import type { Config } from '../config/config.js';
import type { Embedding } from '../embedding/embedding.js';
import type { Indexes } from '../indexes/indexes.js';
import type { SystemReading } from '../telemetry/system-metrics.js';
import type { AnswerMemory } from './answer-bound.js';
import { type Check, compileCheck } from './validate.js';

/** Who calls, and how to notice that they no longer wait. */
export interface Caller {
  /** The tenant that the key names; undefined on a server without keys, which shows every tenant's things to everyone. */
  readonly tenant: string | undefined;
  /** May see and change every account. */
  readonly admin: boolean;
  /** Whose quota and usage this is; undefined for keys that have none, and without keys. */
  readonly account: AccountRef | undefined;
  readonly requestId: string;
  /** Nobody else waits for the server now, nor did lately. */
  readonly alone: boolean;
  /** Aborts when the caller has gone or their time is up. */
  readonly signal: AbortSignal;
  /** Tells the caller, beside the answer, what is left of their allowance. */
  noteLimits(limits: LimitState): void;
  /** Calls `ended` when the answer was sent, or nobody waits for it any more; at once when that is so already. */
  atEnd(ended: () => void): void;
}

/** The rooms that operations put together. */
export interface Services {
  readonly config: Config;
  readonly indexes: Indexes;
  readonly embedding: Embedding;
  readonly account: AccountServices;
  /** What the answers under way take. */
  readonly answers: AnswerMemory;
  /** Reads the machine's processor, memory and disk. */
  readonly readSystem: () => Promise<SystemReading>;
  readonly version: string;
  /** When the process started, in milliseconds since the epoch. */
  readonly startedAt: number;
}

export interface OperationDefinition<Input extends TSchema, Output extends TSchema> {
  readonly name: string;
  /** One line for the reference. */
  readonly summary: string;
  readonly input: Input;
  readonly output: Output;
  run(services: Services, caller: Caller, input: Static<Input>): Promise<Static<Output>> | Static<Output>;
}

export interface Operation {
  readonly name: string;
  readonly summary: string;
  readonly input: TSchema;
  readonly output: TSchema;
  /**
   * Checks the input against the schema, then runs.
   * @throws VoisinError invalid_argument naming the field, what came and what is accepted; and what the operation itself throws.
   */
  call(services: Services, caller: Caller, input: unknown): Promise<unknown>;
}

/** Makes an operation; its input check is compiled at its first use, so that a start pays for none. */
export function operation<Input extends TSchema, Output extends TSchema>(definition: OperationDefinition<Input, Output>): Operation {
  let check: Check<Static<Input>> | undefined;
  return {
    name: definition.name,
    summary: definition.summary,
    input: definition.input,
    output: definition.output,
    async call(services, caller, input) {
      check ??= compileCheck(definition.input);
      return definition.run(services, caller, check(input));
    },
  };
}
