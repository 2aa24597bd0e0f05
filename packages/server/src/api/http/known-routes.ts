// What to say to a request that no route takes, and in whose way: which methods its path has, or which paths there are.

import type { FastifyInstance } from 'fastify';
import { nearest } from '../../config/suggest.js';
import { VoisinError } from '../../errors.js';
import type { Dialect } from './dialects.js';
import { isEncodedUtf8 } from './query-text.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The field that the rest of the path is. */
    rest?: string | undefined;
  }
}

const parameter = /:\w+/g;
const longestPath = 200;

interface KnownPath {
  readonly methods: readonly string[];
  /** What the route calls the rest of its path. */
  readonly rest: string | undefined;
  /** Undefined where its methods are not all of one dialect. */
  readonly dialect: Dialect | undefined;
}

export class KnownRoutes {
  readonly #paths = new Map<string, KnownPath>();

  /** Takes note of the routes that are added from now on. */
  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method, config }) => {
      const before = this.#paths.get(url);
      const dialect = config?.dialect;
      this.#paths.set(url, {
        rest: config?.rest,
        methods: [...(before?.methods ?? []), ...[method].flat()],
        dialect: before === undefined || before.dialect === dialect ? dialect : undefined,
      });
    });
  }

  /** @returns the methods that the path of a request has, none when there is no such path */
  methodsOf(path: string): readonly string[] {
    return this.#find(path)?.methods ?? [];
  }

  dialectOf(path: string): Dialect | undefined {
    return this.#find(path)?.dialect;
  }

  /** The part of a path that is not UTF-8 in valid percent-encoding, by the name that its route has for it. */
  badPartOf(path: string): { readonly field: string; readonly raw: string } | undefined {
    const parts = path.split('/');
    for (const [url, { rest }] of this.#paths) {
      const names = url.split('/');
      const hasRest = names.at(-1) === '*';
      const fits = names.every((name, at) => name.startsWith(':') || name === '*' || name === parts[at]);
      if (!fits || (hasRest ? parts.length < names.length : parts.length !== names.length)) continue;
      for (const [at, name] of names.entries()) {
        const raw = name === '*' ? parts.slice(at).join('/') : (parts[at] ?? '');
        if (!isEncodedUtf8(raw)) return { field: name === '*' ? (rest ?? 'url') : name.slice(1), raw };
      }
    }
    return undefined;
  }

  #find(path: string): KnownPath | undefined {
    for (const [url, known] of this.#paths) {
      if (new RegExp(`^${url.replace(parameter, '[^/]+').replace(/\*$/, '.+')}$`).test(path)) return known;
    }
    return undefined;
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
    const known = [...this.#paths.keys()].filter((url) => !url.startsWith('/docs/'));
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
