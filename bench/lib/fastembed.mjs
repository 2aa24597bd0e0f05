// Starts a Python embedding server on the same weights.
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environments } from '../../scripts/python-env.mjs';
import { modelFile, threads } from './mini-lm.mjs';
import { startPythonServer } from './python-server.mjs';

const name = environments['fastembed-peer'][0].replace('==', ' ');

export async function startFastembed() {
  const server = await startPythonServer({
    environment: 'fastembed-peer',
    name: 'the Python server',
    command: async ({ python, folder, port }) => {
      // fastembed wants the ONNX file under this name, beside the others.
      await symlink(modelFile('onnx/model_compact.onnx'), join(folder, 'model.onnx'));
      for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json']) {
        await symlink(modelFile(file), join(folder, file));
      }
      return [python, fileURLToPath(new URL('./fastembed_server.py', import.meta.url)), folder, String(port), String(threads)];
    },
    env: { HF_HUB_OFFLINE: '1', ORT_DISABLE_TELEMETRY: '1' },
    health: '/openapi.json',
    stderr: 'inherit',
  });
  return { name, ...server };
}
