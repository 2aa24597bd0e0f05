// The pages of the embedding dialects: every example runs as it is printed, and answers what the page says.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examplesIn } from './support/examples.js';
import { itAnswersAsPrinted, outputOf } from './support/run-example.js';
import { startTestServer, type TestServer } from './support/server.js';

const pages = ['embeddings.md', 'batch-embeddings.md', 'openai.md', 'tei.md'];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { REQUIRED_MODELS: 'sentence-transformers/all-MiniLM-L6-v2' } });
});
afterAll(() => server.close());

describe.each(pages)('docs/%s', (page) => {
  const examples = examplesIn(readFileSync(new URL(`../../../../docs/${page}`, import.meta.url), 'utf8'));

  it('has examples', () => expect(examples.length).toBeGreaterThan(2));

  for (const example of examples) itAnswersAsPrinted(example, (one) => outputOf(one, server.http.url));
});
