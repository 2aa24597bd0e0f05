// Vectors by the kernels that VOISIN_ENCODER_KERNELS names: of which model and ids comes as a message.
import { openEncoder } from './models.test-help.js';

process.once('message', async ({ file, ids, lengths }: { file: string; ids: Int32Array; lengths: Int32Array }) => {
  const encoder = await openEncoder(file);
  const together = encoder.run(ids, lengths);
  let first = 0;
  const alone = [...lengths].map((length) => encoder.run(ids.subarray(first, (first += length)), Int32Array.of(length)));
  process.send?.({ together, alone }, () => process.disconnect());
});
