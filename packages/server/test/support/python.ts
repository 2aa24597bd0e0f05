// Runs a Python script of test/ in one of the project's Python environments, which is made when it is not there.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface PythonEnvironments {
  pythonEnvironment(name: string): Promise<string>;
  pythonProblem(name: string): Promise<string | undefined>;
}

const { pythonEnvironment, pythonProblem } = await (async (): Promise<PythonEnvironments> => {
  const helper = new URL('../../../../../scripts/python-env.mjs', import.meta.url);
  return import(helper.href);
})();

/** Why an environment is not to be had; undefined: it is there. */
export { pythonProblem };

/** The interpreter of the environment. */
export const pythonOf = pythonEnvironment;

/** Standard output of test/<script>. */
export async function runPython(environment: string, script: string, ...args: string[]): Promise<string> {
  const python = await pythonOf(environment);
  const path = fileURLToPath(new URL(`../../../test/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(python, [path, ...args], { maxBuffer: 2 ** 24 });
  return stdout.trim();
}
