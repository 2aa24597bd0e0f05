// Vectors of the bundled model by the kernels that VOISIN_ENCODER_KERNELS names: what ids they are of comes as a message.
import { bundled, openEncoder } from './models.test-help.js';

process.once('message', async ({ ids, lengths }: { ids: Int32Array; lengths: Int32Array }) => {
  const encoder = await openEncoder(bundled);
  const together = encoder.run(ids, lengths);
  let first = 0;
  const alone = [...lengths].map((length) => encoder.run(ids.subarray(first, (first += length)), Int32Array.of(length)));
  process.send?.({ together, alone }, () => process.disconnect());
});
