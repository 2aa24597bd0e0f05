// What a person sees once the server is ready: where it is, who may call, where the data lies, three commands to copy.
import type { Config } from '../config/config.js';

export interface Welcome {
  readonly version: string;
  /** Where this machine reaches it. */
  readonly url: string;
  readonly createdKey: string | undefined;
  readonly config: Pick<Config, 'keyless' | 'apiKeys' | 'dataDir' | 'host'>;
  /** Accounts ask for keys where the configuration does not. */
  readonly needsKey?: boolean;
  /** Whether the commands can be copied as they are. */
  readonly hasCurl: boolean;
}

export function welcome({ version, url, createdKey, config, hasCurl, needsKey = !config.keyless }: Welcome): string {
  const header = !needsKey ? '' : ` -H "X-API-Key: ${createdKey ?? 'KEY'}"`;
  const curl = (path: string, body: string) => `curl -s ${url}${path}${header} -H 'Content-Type: application/json' -d '${body}'`;
  return `
Voisin ${version}

  HTTP     ${url}${url.includes(config.host) ? '' : ` (listening on ${config.host})`}
  Docs     ${url}/docs
  Keys     ${keysLine(config, createdKey, needsKey)}
  Data     ${config.dataDir}
${createdKey === undefined ? '' : `\n  Admin key, shown only this once:\n\n    ${createdKey}\n`}
Try it: make an index, add two texts, search by meaning${hasCurl ? '' : ' (curl is not installed: apt-get install curl)'}:

  ID=$(${curl('/v1/index', '{"name":"notes","metric":"cosine","embedding":{"model":"all-MiniLM-L6-v2"}}')} | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')
  ${curl('/v1/index/$ID/vectors', '{"vectors":[{"id":"1","text":"The cat sleeps."},{"id":"2","text":"Stocks fell today."}]}')}
  ${curl('/v1/index/$ID/search', '{"text":"a pet is resting","k":1}')}

`;
}

function keysLine({ keyless, apiKeys, host }: Welcome['config'], createdKey: string | undefined, needsKey: boolean): string {
  if (!needsKey) return `off: everyone who reaches ${host} may read and change everything`;
  if (apiKeys.length > 0)
    return `on: ${apiKeys.length} from FAISS_PROXY_API_KEYS, for ${new Set(apiKeys.map(({ tenant }) => tenant)).size} tenant(s)`;
  if (keyless) return 'on: those of the accounts';
  return createdKey === undefined ? 'on: the admin key made at the first start' : 'on: an admin key was made';
}
