// The Python environment that conversions run in: made on first use from requirements.txt, and again when that file changes.
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { VoisinError } from '../../errors.js';
import { hasCode, makeDirectory } from '../../store/disk.js';
import { isUnwritable } from '../models/hub-cache.js';

export interface EnvironmentRequest {
  readonly folder: string;
  /** pip's list of packages with their versions. */
  readonly requirements: string;
  readonly signal?: AbortSignal | undefined;
}

const pythonOf = (folder: string): string => join(folder, 'bin', 'python');
const stampOf = (folder: string): string => join(folder, 'installed.txt');

/** An installation touches its lock while it runs: one that did not for so long is dead. */
const lockSeconds = 30;

/** The path of the environment's Python, where it is there with just these packages. */
export async function pythonThatIsThere({ folder, requirements }: EnvironmentRequest): Promise<string | undefined> {
  const installed = await readFile(stampOf(folder), 'utf8').catch(() => undefined);
  return installed !== undefined && installed === (await readFile(requirements, 'utf8')) ? pythonOf(folder) : undefined;
}

/** The path of the environment's Python; what pip says goes to stderr. Throws `failed_precondition` that says what to install. */
export async function pythonWith(request: EnvironmentRequest): Promise<string> {
  const { folder } = request;
  const there = await pythonThatIsThere(request);
  if (there !== undefined) return there;
  const lock = `${folder}.lock`;
  await makeDirectory(join(folder, '..')).catch((error: unknown) => refuse(folder, error));
  while (
    !(await mkdir(lock).then(
      () => true,
      (error: unknown) => isThere(folder, error),
    ))
  ) {
    const touched = (await stat(lock).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - touched > lockSeconds * 1000) await rm(lock, { recursive: true, force: true });
    request.signal?.throwIfAborted();
    await wait(500);
  }
  const touching = setInterval(() => void writeFile(join(lock, 'alive'), '').catch(() => undefined), (lockSeconds * 1000) / 6);
  try {
    return (await pythonThatIsThere(request)) ?? (await install(request));
  } finally {
    clearInterval(touching);
    await rm(lock, { recursive: true, force: true });
  }
}

async function install({ folder, requirements, signal }: EnvironmentRequest): Promise<string> {
  await checkFolder(folder);
  process.stderr.write(`installing PyTorch into ${folder}, once: some 1.3 GB of disk, more where it brings CUDA\n`);
  await rm(folder, { recursive: true, force: true });
  const python = pythonOf(folder);
  const made = await runProgram('python3', ['-m', 'venv', folder], { signal });
  if (made !== 0) {
    throw new VoisinError('failed_precondition', 'cannot make a Python environment: install python3 (3.10 or newer) and python3-venv');
  }
  const packages = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
  if ((await runProgram(python, packages, { signal })) !== 0) {
    throw new VoisinError('failed_precondition', `pip could not install ${requirements} into ${folder}: its reasons are above`);
  }
  const stamp = stampOf(folder);
  await writeFile(`${stamp}.new`, await readFile(requirements));
  await rename(`${stamp}.new`, stamp);
  return python;
}

/** What lies there is deleted: nothing but an environment may. */
async function checkFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown): string[] => (hasCode(error, 'ENOENT') ? [] : refuse(folder, error)));
  if (names.length === 0 || names.includes('pyvenv.cfg')) return;
  const message = `${folder} holds something else than a Python environment; CONVERT_ENVIRONMENT names another folder, which need not be there`;
  throw new VoisinError('failed_precondition', message);
}

interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Gets what the program writes to stdout; without it, that goes to stderr. */
  readonly onOutput?: (text: string) => void;
}

/** Runs a program whose complaints go to this process's stderr. Gives its exit code; rejects when `signal` aborts. */
export function runProgram(program: string, args: readonly string[], { signal, onOutput }: RunOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', onOutput ? 'pipe' : 2, 2], signal, killSignal: 'SIGINT' });
    if (onOutput) child.stdout?.setEncoding('utf8').on('data', onOutput);
    let failure: Error | undefined;
    child.on('error', (error) => (failure = error));
    // Also after an error: what the program leaves behind, it leaves before it is gone.
    child.on('close', (code) => (signal?.aborted && failure ? reject(failure) : resolve(code ?? 1)));
  });
}

function isThere(folder: string, error: unknown): false {
  if (hasCode(error, 'EEXIST')) return false;
  return refuse(folder, error);
}

function refuse(folder: string, error: unknown): never {
  if (!isUnwritable(error)) throw error;
  const message = `the Python environment ${folder} cannot be made (${error.code}); CONVERT_ENVIRONMENT names another folder`;
  throw new VoisinError('failed_precondition', message, undefined, { cause: error });
}
