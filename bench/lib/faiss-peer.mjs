// Starts faiss-cpu in a Python process and speaks with it.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { pythonEnvironment } from '../../scripts/python-env.mjs';

/** `await peer.search({ k: 10 })` and so on: the functions of faiss_peer.py. */
export async function startPeer() {
  const python = await pythonEnvironment('faiss-peer');
  const child = spawn(python, [fileURLToPath(new URL('./faiss_peer.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_WAIT_POLICY: 'passive' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the Python peer ended');
    return JSON.parse(value);
  };
  const about = await answer();
  const ask = (name) => async (command) => {
    child.stdin.write(`${JSON.stringify({ do: name, ...command })}\n`);
    return answer();
  };
  return {
    name: `faiss-cpu ${about.version} (${about.options.split(' ').at(-1)})`,
    ...Object.fromEntries(['load', 'queries', 'build', 'read', 'set', 'search'].map((name) => [name, ask(name)])),
    close: () => child.stdin.end(),
  };
}
