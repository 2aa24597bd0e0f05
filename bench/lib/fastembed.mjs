// Starts a Python embedding server on the same weights, from an environment of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environments, pythonEnvironment } from '../../scripts/python-env.mjs';
import { modelFile, threads } from './mini-lm.mjs';
import { freePort } from './server.mjs';
import { untilAnswers } from './until-answers.mjs';

const startSeconds = 60;
const name = environments['fastembed-peer'][0].replace('==', ' ');

export async function startFastembed() {
  const python = await pythonEnvironment('fastembed-peer');
  const folder = await mkdtemp(join(tmpdir(), 'voisin-bench-fastembed-'));
  // fastembed wants the ONNX file under this name, beside the others.
  await symlink(modelFile('onnx/model_compact.onnx'), join(folder, 'model.onnx'));
  for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json']) {
    await symlink(modelFile(file), join(folder, file));
  }
  const port = await freePort();
  const program = fileURLToPath(new URL('./fastembed_server.py', import.meta.url));
  const child = spawn(python, [program, folder, String(port), String(threads)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, HF_HUB_OFFLINE: '1', ORT_DISABLE_TELEMETRY: '1' },
  });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await untilAnswers(`${url}/openapi.json`, child, { name: 'the Python server', seconds: startSeconds });
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, url, pid: child.pid, stop };
}
