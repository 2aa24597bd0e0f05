import { expect, it } from 'vitest';
import { refuseForeignPages } from './web-pages.js';

const rules = { keyless: true, host: '127.0.0.1', corsOrigins: [] };

it.each(['host.docker.internal:8000', 'host.containers.internal', 'gateway.docker.internal', 'host.lima.internal:8000'])(
  'a container that calls a server without keys as %s reads which setting lets it in',
  (host) => {
    expect(() => refuseForeignPages({ host }, rules)).toThrow(
      /set FAISS_PROXY_API_KEYS=KEY:TENANT so that containers can call it by this name/,
    );
    expect(() => refuseForeignPages({ host }, { ...rules, keyless: false })).not.toThrow();
  },
);

it('any other name of a foreign machine reads the setting too, and this machine is let in', () => {
  expect(() => refuseForeignPages({ host: 'example.org' }, rules)).toThrow(
    /set FAISS_PROXY_API_KEYS=KEY:TENANT so that it answers by any name/,
  );
  for (const host of ['localhost:8000', '127.0.0.1', '[::1]:8000', 'a.localhost'])
    expect(() => refuseForeignPages({ host }, rules)).not.toThrow();
});
