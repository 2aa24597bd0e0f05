// Is the server there, since when, and which version.

import Type from 'typebox';
import { operation } from './operation.js';

export const health = operation({
  name: 'health',
  summary: 'Is the server there',
  input: Type.Object({}, { additionalProperties: false }),
  output: Type.Object({
    status: Type.Literal('ok'),
    uptime: Type.Number({ description: 'seconds' }),
    uptime_seconds: Type.Number(),
    version: Type.String(),
  }),
  run({ startedAt, version }) {
    const uptime = uptimeSeconds(startedAt);
    return { status: 'ok' as const, uptime, uptime_seconds: uptime, version };
  },
});

export function uptimeSeconds(startedAt: number): number {
  return Math.round((Date.now() - startedAt) / 10) / 100;
}
