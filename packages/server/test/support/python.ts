// Runs a Python script of test/ in one of the project's Python environments, which is made when it is not there.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface PythonEnvironments {
  pythonEnvironment(name: string): Promise<string>;
}

/** The interpreter of the environment. */
export async function pythonOf(environment: string): Promise<string> {
  const helper = new URL('../../../../../scripts/python-env.mjs', import.meta.url);
  const { pythonEnvironment } = (await import(helper.href)) as PythonEnvironments;
  return pythonEnvironment(environment);
}

/** Standard output of test/<script>. */
export async function runPython(environment: string, script: string, ...args: string[]): Promise<string> {
  const python = await pythonOf(environment);
  const path = fileURLToPath(new URL(`../../../test/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(python, [path, ...args], { maxBuffer: 2 ** 24 });
  return stdout.trim();
}
