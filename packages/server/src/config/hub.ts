// The Hugging Face hub and its cache, by the names that huggingface_hub gives to its settings.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { VoisinError } from '../errors.js';
import { integer, text, toggle } from './setting.js';

const group = 'Hugging Face hub';
const folder = { default: '', accepts: 'a folder', placeholder: 'FOLDER' };

export const hubSettings = {
  hfHome: text('HF_HOME', {
    ...folder,
    group,
    defaultText: '~/.cache/huggingface',
    help: 'Folder of the Hugging Face tools; the cache is its folder hub.',
  }),
  hfHubCache: text('HF_HUB_CACHE', {
    ...folder,
    group,
    defaultText: 'the folder hub in HF_HOME',
    help: 'The hub cache: models in it are served, and downloaded ones are put there.',
  }),
  hfHubOffline: toggle('HF_HUB_OFFLINE', { group, default: false, help: 'Never speak to the hub, whatever ALLOW_DOWNLOAD says.' }),
  hfEndpoint: text('HF_ENDPOINT', {
    group,
    default: 'https://huggingface.co',
    accepts: 'an http or https address',
    placeholder: 'URL',
    pattern: /^https?:\/\/[^\s/?#]+[^\s?#]*$/,
    help: 'The hub, or a server that mirrors it.',
  }),
  convertEnvironment: text('CONVERT_ENVIRONMENT', {
    ...folder,
    group,
    defaultText: '~/.cache/voisin/convert',
    help: 'Folder of the Python environment of voisin models convert, which makes it on its first use (some 1.3 GB).',
  }),
  allowDownload: toggle('ALLOW_DOWNLOAD', {
    group,
    default: false,
    help: 'Download a model when it is first asked for. Without it, only voisin models pull downloads.',
  }),
  maxModelMb: integer('MAX_MODEL_MB', {
    group,
    default: 4096,
    min: 1,
    max: 1_048_576,
    help: 'Largest model that is downloaded, in MiB.',
  }),
} as const;

/** Opens models that are not public. A secret: never a flag. */
export const hubToken = 'HF_TOKEN';

export interface HubConfig {
  /** The cache's folder. */
  readonly cache: string;
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly offline: boolean;
  /** First use downloads. */
  readonly download: boolean;
  readonly maxBytes: number;
}

interface Values {
  readonly hfHome: string;
  readonly hfHubCache: string;
  readonly hfHubOffline: boolean;
  readonly hfEndpoint: string;
  readonly allowDownload: boolean;
  readonly maxModelMb: number;
}

export function hubConfig(values: Values, env: Readonly<Record<string, string | undefined>>): HubConfig {
  const home = values.hfHome === '' ? join(env['XDG_CACHE_HOME'] || '~/.cache', 'huggingface') : values.hfHome;
  return {
    cache: inHome(values.hfHubCache === '' ? join(home, 'hub') : values.hfHubCache),
    endpoint: values.hfEndpoint.replace(/\/+$/, ''),
    token: checkedToken(env[hubToken], hubToken) ?? tokenOfLogin(join(inHome(home), 'token')),
    offline: values.hfHubOffline,
    download: values.allowDownload && !values.hfHubOffline,
    maxBytes: values.maxModelMb * 1024 * 1024,
  };
}

/** Where `voisin models convert` has its Python environment. */
export const conversionEnvironment = (folder: string, env: Readonly<Record<string, string | undefined>>): string =>
  inHome(folder === '' ? join(env['XDG_CACHE_HOME'] || '~/.cache', 'voisin', 'convert') : folder);

const inHome = (path: string): string => resolve(path.replace(/^~(?=\/|$)/, homedir()));

/** Where `hf auth login` leaves it. */
function tokenOfLogin(path: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    // No login: most have none.
    return undefined;
  }
  return checkedToken(text, path);
}

/** The message names where the token comes from and shows nothing of it. */
function checkedToken(text: string | undefined, source: string): string | undefined {
  const token = text?.trim();
  if (token === undefined || token === '') return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new VoisinError('invalid_argument', `${source}: a line break, a space or another character that no token has; one token is wanted`);
}
