// Runs an example of a page as its reader would, against a server of the test's.
import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { it } from 'vitest';
import { type Example, expectLike, expectSameText } from './examples.js';
import { pythonOf, pythonProblem } from './python.js';

/** Where the pages have their server. */
const printed = 'http://127.0.0.1:8000';
// Where `import 'openai'` is found.
const folder = fileURLToPath(new URL('.', import.meta.url));

/** Why examples of a shell cannot run here; undefined: they can. */
export const shellProblem = ((): string | undefined => {
  try {
    execFileSync('curl', ['--version']);
    return undefined;
  } catch {
    return 'curl is not installed';
  }
})();

async function problemOf({ language }: Example): Promise<string | undefined> {
  if (language === 'sh') return shellProblem;
  return language === 'js' ? undefined : pythonProblem('openai-client');
}

/** What an example prints with the server at `url`; `env` goes over this process's. */
export async function outputOf({ language, code }: Example, url: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const here = code.replaceAll(printed, url);
  const [command, ...args] =
    language === 'sh'
      ? ['bash', '-euo', 'pipefail', '-c', here]
      : language === 'js'
        ? [process.execPath, '--input-type=module', '-e', here]
        : [await pythonOf('openai-client'), '-c', here];
  const options = { cwd: folder, maxBuffer: 2 ** 24, env: { ...process.env, ...env } };
  const { stdout } = await promisify(execFile)(String(command), args, options);
  return stdout.replaceAll('\r\n', '\n').trim();
}

/** A test of one example. */
export function itAnswersAsPrinted(example: Example, run: (example: Example) => Promise<string>): void {
  const { language, answer, line } = example;
  it(`line ${line}, ${language}, answers as printed`, async (context) => {
    const problem = await problemOf(example);
    if (problem !== undefined) context.skip(problem);
    const output = await run(example);
    if (answer.language === 'json') expectLike(JSON.parse(output), answer.text);
    else expectSameText(output, answer.text.trim());
  }, 300_000);
}
