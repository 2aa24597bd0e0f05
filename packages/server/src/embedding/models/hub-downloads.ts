// Models that are downloaded when they are first asked for, where the operator allows it.
import { LRUCache } from 'lru-cache';
import { VoisinError } from '../../errors.js';
import type { EmbeddingLog } from '../options.js';
import type { Wanted } from './choose-hub-files.js';
import { downloadModel } from './download-model.js';
import { repositoryName } from './hub-cache.js';
import { HubClient, type HubOptions } from './hub-client.js';

export interface HubSettings extends HubOptions {
  /** Folder of the cache. */
  readonly cache: string;
  /** First use downloads. */
  readonly download: boolean;
  /** Larger models are not downloaded. */
  readonly maxBytes: number;
}

/** A model that could not be had is not asked for again so soon, or before the error says: anyone may send a name that does not exist. */
const REMEMBERED_MS = 60_000;
const REMEMBERED_NAMES = 1000;

/** At least a second: to the cache, 0 is for ever. */
const rememberedMs = ({ details }: VoisinError): number =>
  details?.retryAfterSeconds === undefined ? REMEMBERED_MS : Math.max(1000, details.retryAfterSeconds * 1000);

export class HubDownloads {
  readonly #hub: HubSettings;
  readonly #client: HubClient;
  readonly #log: EmbeddingLog;
  readonly #underway = new Map<string, Promise<string>>();
  readonly #failed = new LRUCache<string, VoisinError>({ max: REMEMBERED_NAMES, ttl: REMEMBERED_MS });
  readonly #closing = new AbortController();

  constructor(hub: HubSettings, log: EmbeddingLog) {
    this.#hub = hub;
    this.#client = new HubClient(hub);
    this.#log = log;
  }

  /** A name that could be one on the hub; a short name such as `all-MiniLM-L6-v2` is none that we would look for. */
  static canHave(name: string): boolean {
    return name.includes('/') && repositoryName.test(name);
  }

  /** Gives the model's directory. Those who ask for one model at once wait for the same download, which goes on when they leave. */
  fetch(name: string, wanted: Wanted): Promise<string> {
    const key = `${name} ${String(wanted)}`;
    const failure = this.#failed.get(key);
    if (failure) return Promise.reject(failure);
    const underway = this.#underway.get(key) ?? this.#fetch(name, wanted, key).finally(() => this.#underway.delete(key));
    this.#underway.set(key, underway);
    return underway;
  }

  /** What is under way ends; the next start goes on from there. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#underway.values());
  }

  async #fetch(name: string, wanted: Wanted, key: string): Promise<string> {
    const { cache, maxBytes, endpoint } = this.#hub;
    this.#log.info({ model: name, endpoint }, 'the model is not here and is downloaded');
    try {
      const directory = await downloadModel({
        client: this.#client,
        cache,
        name,
        wanted,
        maxBytes,
        signal: this.#closing.signal,
      });
      this.#log.info({ model: name, directory }, 'the model was downloaded');
      return directory;
    } catch (error) {
      this.#log.warn({ model: name, err: error }, 'the model could not be downloaded');
      if (error instanceof VoisinError) this.#failed.set(key, error, { ttl: rememberedMs(error) });
      throw error;
    }
  }
}
