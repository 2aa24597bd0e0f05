// The examples of a page: a block of code, and the block behind it that says what it answers.
import { expect } from 'vitest';

export interface Example {
  readonly language: 'sh' | 'js' | 'python';
  readonly code: string;
  readonly answer: { readonly language: 'json' | 'text'; readonly text: string };
  /** Of the page, from 1. */
  readonly line: number;
}

export function examplesIn(markdown: string): Example[] {
  const blocks = [...markdown.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(({ 1: language = '', 2: text = '', index }) => ({
    language,
    text,
    line: markdown.slice(0, index).split('\n').length,
  }));
  return blocks.flatMap(({ language, text, line }, at) => {
    if (language !== 'sh' && language !== 'js' && language !== 'python') return [];
    const answer = blocks[at + 1];
    if (answer?.language !== 'json' && answer?.language !== 'text') throw new Error(`line ${line}: no answer stands behind the example`);
    return [{ language, code: text, answer: { language: answer.language, text: answer.text }, line }];
  });
}

/** Fields that are other at each run: their kind is compared, not their value. */
const times = 'latency_ms processing_time_ms uptime_seconds load_time loaded_at last_used created mean p50 p95 p99';
const counts = 'total_requests total_embeddings l1_entries l1_hits l1_misses cached';
const limits = 'retryAfterSeconds resetsAt';
const changing = new Set(`${times} ${counts} ${limits} request_id version model_sha`.split(' '));

/** Within a text: what is other at each run, and what stands for it. A key is printed without its secret. */
const changingWords: readonly (readonly [RegExp, string])[] = [
  [/\bfe_[0-9a-f]{16}_[\w.-]+/g, 'KEY'],
  [/\b[0-9a-f]{16}\b/g, 'KEY_ID'],
  [/\busr_[0-9a-z]{19}\b/g, 'USER_ID'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME'],
  [/\b\d{4}-\d\d-\d\d \d\d:\d\d\b/g, 'MINUTE'],
  [/\b\d{4}-\d\d-\d\d\b/g, 'DAY'],
  [/\bagain in \d+ s\b/g, 'SECONDS'],
  [/^(retry-after|x-ratelimit-reset): \d+$/gm, '$1: NUMBER'],
];

const lasting = (text: string): string => changingWords.reduce((rest, [word, name]) => rest.replaceAll(word, name), text);

/** Whether a text is what the page shows, but for ids, keys and times. */
export function expectSameText(actual: string, printed: string, place = 'the answer'): void {
  expect(lasting(actual), place).toBe(lasting(printed));
}

/**
 * Whether an answer is what the page shows: the same fields, the same words and counts, numbers to two decimals; a printed list that ends
 * in `...` is the beginning of a longer one.
 */
export function expectLike(actual: unknown, printed: string): void {
  compare(actual, JSON.parse(printed.replaceAll(/,\s*\.\.\.\s*\]/g, ', "..."]')), 'the answer');
}

function compare(actual: unknown, shown: unknown, place: string): void {
  if (Array.isArray(shown)) {
    expect(actual, place).toBeInstanceOf(Array);
    const list: unknown[] = Array.isArray(actual) ? actual : [];
    const open = shown.at(-1) === '...';
    const items = open ? shown.slice(0, -1) : shown;
    if (open) expect(list.length, place).toBeGreaterThan(items.length);
    else expect(list, place).toHaveLength(items.length);
    for (const [i, item] of items.entries()) compare(list[i], item, `${place}[${i}]`);
  } else if (isFields(shown)) {
    const fields = isFields(actual) ? actual : {};
    expect(Object.keys(fields), place).toEqual(Object.keys(shown));
    for (const [name, value] of Object.entries(shown)) {
      if (changing.has(name) && !isFields(value)) expect(typeof fields[name], `${place}.${name}`).toBe(typeof value);
      else compare(fields[name], value, `${place}.${name}`);
    }
  } else if (typeof shown === 'number' && !Number.isInteger(shown)) {
    expect(actual, place).toBeCloseTo(shown, 2);
  } else if (typeof shown === 'string' && typeof actual === 'string') {
    expectSameText(actual, shown, place);
  } else {
    expect(actual, place).toEqual(shown);
  }
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
