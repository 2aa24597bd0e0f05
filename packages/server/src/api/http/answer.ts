// From an operation's output to the body of an answer.

import type { Readable } from 'node:stream';
import { Turns } from '../../turns.js';
import { hitsAnswer, holdsHits } from './hits-answer.js';

export interface Answer {
  readonly contentType: string;
  readonly body: string | Buffer | Readable;
  readonly headers?: Readonly<Record<string, string>>;
}

const json = 'application/json; charset=utf-8';

export function toAnswer(output: unknown): Answer {
  return { contentType: json, body: holdsHits(output) ? hitsAnswer(output) : JSON.stringify(output) };
}

/** The body of an answer that is a list, whose items may be long lists themselves, written in turns. */
export async function listInTurns(output: readonly unknown[]): Promise<Answer> {
  const turns = new Turns();
  const list = async (items: readonly unknown[]): Promise<string> => {
    const parts: string[] = [];
    for (const item of items) {
      if (turns.over) await turns.next();
      parts.push(Array.isArray(item) ? await list(item) : JSON.stringify(item));
    }
    return `[${parts.join(',')}]`;
  };
  return { contentType: json, body: await list(output) };
}
