// What the machine has and what is used of it.

import Type from 'typebox';
import { uptimeSeconds } from './health.js';
import { operation } from './operation.js';

export const systemMetrics = operation({
  name: 'system.metrics',
  summary: 'Processor, memory and disk of the machine',
  input: Type.Object({}, { additionalProperties: false }),
  output: Type.Object({
    system: Type.Object({
      cpu_percent: Type.Number({ description: 'of all cores, since the question before' }),
      memory_percent: Type.Number(),
      memory_used_mb: Type.Number(),
      memory_total_mb: Type.Number(),
      disk_percent: Type.Number({ description: 'of the disk that holds FAISS_DATA_DIR' }),
      disk_used_gb: Type.Number(),
      disk_total_gb: Type.Number(),
    }),
    uptime: Type.Number({ description: 'seconds' }),
  }),
  async run({ readSystem, startedAt }) {
    return { system: await readSystem(), uptime: uptimeSeconds(startedAt) };
  },
});
