// From an operation's output to the body of an answer. Numbers of hits are float32 and written short.

import { shortFloat } from '../../formats/index.js';
import { Turns } from '../../turns.js';

export interface Answer {
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

const json = 'application/json; charset=utf-8';
/** Hits from which an answer is said in turns: some 2 ms of work. */
const manyHits = 500;

interface ManyHits {
  readonly results: readonly unknown[];
}

export function toAnswer(output: unknown): Answer {
  return { contentType: json, body: JSON.stringify(shortened(output)) };
}

/** Whether saying the output at once would hold the event loop for long. */
export function holdsManyHits(output: unknown): output is ManyHits {
  if (!isFields(output) || !Array.isArray(output['results'])) return false;
  const first: unknown = output['results'][0];
  return output['results'].length * (Array.isArray(first) ? first.length + 1 : 1) > manyHits;
}

/** The body of an answer with many hits, said in turns. */
export async function hitsInTurns({ results, ...rest }: ManyHits): Promise<Answer> {
  const fields = Object.entries(rest).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)},`);
  return { contentType: json, body: `{${fields.join('')}"results":${await inTurns(results, shortHit)}}` };
}

/** The body of an answer that is a list, whose items may be long lists themselves, written in turns. */
export async function listInTurns(output: readonly unknown[]): Promise<Answer> {
  return { contentType: json, body: await inTurns(output, (item) => item) };
}

/** @param change of each item that is no list */
async function inTurns(output: readonly unknown[], change: (item: unknown) => unknown): Promise<string> {
  const turns = new Turns();
  const list = async (items: readonly unknown[]): Promise<string> => {
    const parts: string[] = [];
    for (const item of items) {
      if (turns.over) await turns.next();
      parts.push(Array.isArray(item) ? await list(item) : JSON.stringify(change(item)));
    }
    return `[${parts.join(',')}]`;
  };
  return list(output);
}

/** Hits hold float32 numbers, nothing else of an output does; what stands in metadata stays as it came. */
function shortened(output: unknown): unknown {
  if (!isFields(output) || !Array.isArray(output['results'])) return output;
  return { ...output, results: output['results'].map(shortHit) };
}

function shortHit(hit: unknown): unknown {
  if (Array.isArray(hit)) return hit.map(shortHit);
  if (!isFields(hit) || typeof hit['score'] !== 'number' || typeof hit['distance'] !== 'number') return hit;
  return { ...hit, score: shortFloat(hit['score']), distance: shortFloat(hit['distance']) };
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
