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

/** Routes that the services have whose dialects we speak, and we have not: their clients ask for them. */
const routesElsewhere: readonly (readonly [RegExp, Dialect])[] = [
  [
    /\/(chat|completions|responses|moderations|images|audio|files|uploads|batches|fine_tuning|assistants|threads|vector_stores|conversations|realtime|containers|evals|organization)(\/|$)/,
    'openai',
  ],
  [/^\/(rerank|predict|predict_pair|embed_all|embed_sparse|decode|similarity|invocations|vertex|ping)\/?$/, 'tei'],
];

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

  /**
   * In whose way a request is answered that no route takes: that of the route at the path, of the one that was probably meant, or of the service that
   * has such a route.
   */
  dialectNear(path: string): Dialect | undefined {
    const shown = path.slice(0, longestPath);
    const known = this.#find(shown);
    if (known !== undefined) return known.dialect;
    if (this.#isOwn(shown)) return undefined;
    // A base address with something before or behind it: /openai/v1/embeddings, /v1/embeddings/.
    const named = [...this.#paths].find(([url, { dialect }]) => dialect !== undefined && holds(shown, url));
    if (named !== undefined) return named[1].dialect;
    const meant = this.#paths.get(nearest(shown, this.#paths.keys()) ?? '');
    return meant?.dialect ?? routesElsewhere.find(([pattern]) => pattern.test(shown))?.[1];
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

  /** Whether it lies below a route of our own: /v1/index/a/info. */
  #isOwn(path: string): boolean {
    const first = path.split('/', 3).join('/');
    return [...this.#paths].some(
      ([url, { dialect }]) => dialect === undefined && url.split('/').length >= 3 && url.split('/', 3).join('/') === first,
    );
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
    return new VoisinError('not_found', `no route ${method} ${shown}; ${advice}`, { unknown_url: true });
  }
}

function readable(url: string): string {
  return url.replace(parameter, (name) => `{${name.slice(1)}}`).replace(/\*$/, '{name}');
}

/** Whether the path is the route's with something before or behind it. */
function holds(path: string, url: string): boolean {
  const fixed = url.replace(/\/[:*].*$/, '');
  return (
    fixed !== '' && fixed !== '/' && (path.endsWith(fixed) || path.startsWith(`${fixed}/`) || path.endsWith(fixed.replace(/^\/v1/, '')))
  );
}
