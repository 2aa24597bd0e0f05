// The pages of the embedding dialects: every example runs as it is printed, and answers what the page says.
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examplesIn, expectLike } from './support/examples.js';
import { pythonOf } from './support/python.js';
import { startTestServer, type TestServer } from './support/server.js';

const pages = ['embeddings.md', 'batch-embeddings.md', 'openai.md', 'tei.md'];
const printed = 'http://127.0.0.1:8000';
// Where `import 'openai'` is found.
const folder = fileURLToPath(new URL('.', import.meta.url));

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { REQUIRED_MODELS: 'sentence-transformers/all-MiniLM-L6-v2' } });
});
afterAll(() => server.close());

const hasCurl = (() => {
  try {
    execFileSync('curl', ['--version']);
    return true;
  } catch {
    return false;
  }
})();

async function run(language: string, code: string): Promise<string> {
  const here = code.replaceAll(printed, server.http.url);
  const [command, ...args] =
    language === 'sh'
      ? ['bash', '-euo', 'pipefail', '-c', here]
      : language === 'js'
        ? [process.execPath, '--input-type=module', '-e', here]
        : [await pythonOf('openai-client'), '-c', here];
  const { stdout } = await promisify(execFile)(String(command), args, { cwd: folder, maxBuffer: 2 ** 24 });
  return stdout.trim();
}

describe.each(pages)('docs/%s', (page) => {
  const examples = examplesIn(readFileSync(new URL(`../../../../docs/${page}`, import.meta.url), 'utf8'));

  it('has examples', () => expect(examples.length).toBeGreaterThan(2));

  for (const { language, code, answer, line } of examples) {
    const needsCurl = language === 'sh' && !hasCurl;
    it.skipIf(needsCurl)(
      `line ${line}, ${language}, answers as printed${needsCurl ? ' (skipped: there is no curl here)' : ''}`,
      async () => {
        const output = await run(language, code);
        if (answer.language === 'json') expectLike(JSON.parse(output), answer.text);
        else expect(output).toBe(answer.text.trim());
      },
      300_000,
    );
  }
});
