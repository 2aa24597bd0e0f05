// Runs a Python script with the reference version of faiss-cpu.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface PythonEnvironments {
  pythonEnvironment(name: string): Promise<string>;
  pythonProblem(name: string): Promise<string | undefined>;
}

const helper = new URL('../../../../scripts/python-env.mjs', import.meta.url);
const { pythonEnvironment, pythonProblem }: PythonEnvironments = await import(helper.href);
const problem = await pythonProblem('faiss-reference');

/** Why there is no reference; undefined: there is one. */
export const noReference = problem;
/** The end of the titles of tests that are skipped for it. */
export const withoutReference = problem === undefined ? '' : ` (skipped: ${problem})`;

/** Standard output of test/<script>. */
export async function runReference(script: string, ...args: string[]): Promise<string> {
  const python = await pythonEnvironment('faiss-reference');
  const path = fileURLToPath(new URL(`../../test/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(python, [path, ...args], { maxBuffer: 2 ** 24 });
  return stdout.trim();
}
