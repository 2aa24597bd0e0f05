// Runs a Python script with the reference version of faiss-cpu.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface PythonEnvironments {
  pythonEnvironment(name: string): Promise<string>;
}

/** Standard output of test/<script>. */
export async function runReference(script: string, ...args: string[]): Promise<string> {
  const helper = new URL('../../../../scripts/python-env.mjs', import.meta.url);
  const { pythonEnvironment } = (await import(helper.href)) as PythonEnvironments;
  const python = await pythonEnvironment('faiss-reference');
  const path = fileURLToPath(new URL(`../../test/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(python, [path, ...args], { maxBuffer: 2 ** 24 });
  return stdout.trim();
}
