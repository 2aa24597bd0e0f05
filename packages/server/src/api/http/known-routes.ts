// What to say to a request that no route takes: which methods its path has, or which paths there are.

import type { FastifyInstance } from 'fastify';
import { nearest } from '../../config/suggest.js';
import { VoisinError } from '../../errors.js';

const parameter = /:\w+/g;
const longestPath = 200;

export class KnownRoutes {
  readonly #methods = new Map<string, string[]>();

  /** Takes note of the routes that are added from now on. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      this.#methods.set(url, [...(this.#methods.get(url) ?? []), ...[method].flat()]);
    });
  }

  /** @returns the methods that the path of a request has, none when there is no such path */
  methodsOf(path: string): readonly string[] {
    for (const [url, methods] of this.#methods) {
      if (new RegExp(`^${url.replace(parameter, '[^/]+').replace(/\*$/, '.+')}$`).test(path)) return methods;
    }
    return [];
  }

  /** @returns invalid_argument (405) for a path that has other methods, else not_found */
  refusal(method: string, path: string): VoisinError {
    const methods = this.methodsOf(path);
    if (methods.length > 0) {
      return new VoisinError('invalid_argument', `method: expected ${methods.join(' or ')} for this path, got ${method}`, {
        field: 'method',
        http_status: 405,
      });
    }
    const shown = path.slice(0, longestPath);
    // The path of this index with the id that came, so that a slip behind it is not lost in the length of the id.
    const index = /^\/v1\/index\/([^/]+)\/./.exec(shown)?.[1];
    const known = [...this.#methods.keys()].filter((url) => !url.startsWith('/docs/'));
    const meant = nearest(
      shown,
      known.map((url) => url.replace(':index', index ?? ':index')),
    );
    const advice =
      meant === undefined
        ? `there are ${known.map(readable).join(', ')}`
        : `did you mean ${readable(meant)}? GET /docs lists what there is`;
    return new VoisinError('not_found', `no route ${method} ${shown}; ${advice}`);
  }
}

function readable(url: string): string {
  return url.replace(parameter, (name) => `{${name.slice(1)}}`).replace(/\*$/, '{name}');
}
