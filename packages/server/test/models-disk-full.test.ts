// Downloads onto a disk that has no room for them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { downloadModel, type Progress } from '../src/embedding/models/download-model.js';
import { HubClient } from '../src/embedding/models/hub-client.js';
import { HubServer } from '../src/embedding/models/hub-server.test-help.js';
import { SmallDisk } from './support/small-disk.js';

const bundled = fileURLToPath(new URL('../../../../models/all-MiniLM-L6-v2', import.meta.url));
const name = 'lab/large';
const large = 'onnx/model.onnx';

let hub: HubServer;
beforeAll(async () => {
  hub = await HubServer.start();
  const names = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];
  const files = await Promise.all(names.map(async (file) => [file, await readFile(join(bundled, file))] as const));
  hub.add({ name, commit: 'a'.repeat(40), files: { ...Object.fromEntries(files), [large]: Buffer.alloc(12_000_000, 'voisin') } });
});
afterAll(() => hub.close());

const download = (disk: SmallDisk, onProgress?: (progress: Progress) => void): Promise<string> =>
  downloadModel({
    client: new HubClient({ endpoint: hub.endpoint, token: undefined }),
    cache: disk.path,
    name,
    wanted: ['fp32'],
    maxBytes: 2 ** 30,
    onProgress,
    pauseMs: 1,
  });

test('a model without room is refused before its bytes come', async ({ skip }) => {
  const disk = SmallDisk.mount(4);
  if (typeof disk === 'string') return skip(disk);
  try {
    await expect(download(disk)).rejects.toMatchObject({ code: 'resource_exhausted', message: expect.stringContaining(large) });
    expect(hub.requestsFor(large)).toEqual([]);
  } finally {
    disk.unmount();
  }
});

test('a disk that fills up meanwhile ends the download, which goes on where it was when there is room', async ({ skip }) => {
  const disk = SmallDisk.mount(24);
  if (typeof disk === 'string') return skip(disk);
  try {
    let filled = false;
    const fill = ({ received }: Progress): void => {
      if (filled || received < 4_000_000) return;
      filled = true;
      disk.fill();
    };
    await expect(download(disk, fill)).rejects.toMatchObject({
      code: 'resource_exhausted',
      message: expect.stringContaining('the disk is full'),
    });
    disk.free();
    const directory = await download(disk);
    expect(hub.requestsFor(large).at(-1)?.range).toMatch(/^bytes=[1-9]\d+-$/);
    expect((await readFile(join(directory, large))).equals(Buffer.alloc(12_000_000, 'voisin'))).toBe(true);
  } finally {
    disk.unmount();
  }
});
