// The process's environment, and what the command line's client side takes from it. Nothing outside config/ looks there.
import type { Environment } from './config.js';

export function environment(): Environment {
  return process.env;
}

export interface ClientSettings {
  /** Where the server is; undefined when none was named. */
  readonly url: string | undefined;
  readonly apiKey: string | undefined;
}

/** VOISIN_URL and VOISIN_API_KEY: how commands that speak to a running server find it. */
export function readClientSettings(env: Environment): ClientSettings {
  return { url: env['VOISIN_URL']?.trim().replace(/\/+$/, '') || undefined, apiKey: env['VOISIN_API_KEY']?.trim() || undefined };
}

/** Where the user stands: npm run starts programs in the project's folder and leaves the user's own in INIT_CWD. */
export function workingFolder(env: Environment): string {
  return env['INIT_CWD'] ?? process.cwd();
}
