// What an operator does with models, without a server: look at them, bring one here, take one away, try whether it runs.
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { VoisinError } from '../errors.js';
import { Embedding } from './embedding.js';
import type { Wanted } from './models/choose-hub-files.js';
import { downloadModel, type Progress } from './models/download-model.js';
import { removeFromHubCache, repositoryFolders, repositoryName } from './models/hub-cache.js';
import { HubClient } from './models/hub-client.js';
import type { HubSettings } from './models/hub-downloads.js';
import { shortName, type ModelDescription } from './models/model-description.js';
import { readModelDirectory } from './models/model-directory.js';
import { folderProblem } from './models/model-places.js';
import { ModelRegistry, type KnownModel } from './models/model-registry.js';
import type { Precision } from './types.js';

export interface LibraryOptions {
  readonly folders: readonly string[];
  readonly hub: HubSettings & { readonly offline: boolean };
  readonly bundled: string;
}

export interface PullRequest {
  readonly name: string;
  readonly revision: string | undefined;
  readonly wanted: Wanted;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** A description and what was found by running the model. */
export interface Inspection {
  readonly description: ModelDescription;
  /** Bytes of each precision's file with its external data. */
  readonly bytes: Readonly<Partial<Record<Precision, number>>>;
  readonly trials: readonly Trial[];
}

export interface Trial {
  readonly precision: Precision;
  /** The fingerprint of its files, and the seconds that loading took; or why it does not run. */
  readonly result: { readonly hash: string; readonly loadSeconds: number } | { readonly problem: string };
}

export class ModelLibrary {
  readonly #options: LibraryOptions;

  constructor(options: LibraryOptions) {
    this.#options = options;
  }

  async list(): Promise<KnownModel[]> {
    return (await this.#registry()).list();
  }

  /** What is wrong with the folders that were named for models, one sentence each. */
  async folderProblems(): Promise<string[]> {
    return (await Promise.all(this.#options.folders.map(folderProblem))).filter((problem) => problem !== undefined);
  }

  /** The model of this name, or the one that lies in this directory. Throws as reading its files does. */
  async inspect(nameOrDirectory: string): Promise<Inspection> {
    const description = await this.#describe(nameOrDirectory);
    const { directory, onnxFiles, dataFiles } = description;
    const bytes: Partial<Record<Precision, number>> = {};
    const trials: Trial[] = [];
    for (const precision of ['fp32', 'int8'] as const) {
      const file = onnxFiles[precision];
      if (file === undefined) continue;
      const sizes = [file, ...(dataFiles[precision] ?? [])].map(
        async (one) => (await stat(join(directory, one)).catch(() => undefined))?.size ?? 0,
      );
      bytes[precision] = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
      trials.push({ precision, result: await tryToRun(description, precision) });
    }
    return { description, bytes, trials };
  }

  /** Gives the directory that the model was put into. Throws `failed_precondition` where the hub must not be spoken to, or as downloads do. */
  async pull({ name, revision, wanted, signal, onProgress }: PullRequest): Promise<string> {
    const { hub } = this.#options;
    if (hub.offline) throw new VoisinError('failed_precondition', `HF_HUB_OFFLINE is set: ${name} is not downloaded`);
    const request = { client: new HubClient(hub), cache: hub.cache, name, revision, wanted, maxBytes: hub.maxBytes, signal, onProgress };
    try {
      return await downloadModel(request);
    } catch (error) {
      const here = name.includes('/') ? undefined : (await this.#registry()).find(name);
      if (!here || here.name === name || !(error instanceof VoisinError) || error.code !== 'not_found') throw error;
      throw new VoisinError(error.code, `${error.message}; ${here.name} is here: did you mean that?`, error.details, { cause: error });
    }
  }

  /** Takes a model out of the hub cache and gives its full name. Others are the operator's own files, or the project's. */
  async remove(name: string): Promise<string> {
    const registry = await this.#registry();
    const known = registry.find(name);
    const fullName = known?.name ?? name;
    if (await this.#isCached(fullName)) {
      await removeFromHubCache(this.#options.hub.cache, fullName);
      return fullName;
    }
    if (!known) throw registry.unknown(name);
    const whose = known.kind === 'bundled' ? 'comes with the server' : `lies in ${known.directory}, which is yours to delete`;
    throw new VoisinError('failed_precondition', `model ${fullName} is not in the hub cache: it ${whose}`);
  }

  #registry(): Promise<ModelRegistry> {
    const { folders, hub, bundled } = this.#options;
    return ModelRegistry.open({ folders, hub: { ...hub, download: false }, bundled });
  }

  async #describe(nameOrDirectory: string): Promise<ModelDescription> {
    const directory = resolve(nameOrDirectory);
    const isDirectory = await readdir(directory).then(
      () => true,
      () => false,
    );
    if (isDirectory) return readModelDirectory(shortName(directory), directory);
    const registry = await this.#registry();
    if (!registry.find(nameOrDirectory) && (await this.#isCached(nameOrDirectory))) {
      const message = `${nameOrDirectory} is in the hub cache without an ONNX file; voisin models convert ${nameOrDirectory} makes one from its weights`;
      throw new VoisinError('failed_precondition', message);
    }
    return registry.describe(nameOrDirectory);
  }

  async #isCached(name: string): Promise<boolean> {
    if (!repositoryName.test(name)) return false;
    return (await stat(repositoryFolders(this.#options.hub.cache, name).root).catch(() => undefined))?.isDirectory() ?? false;
  }
}

async function tryToRun({ name, directory }: ModelDescription, precision: Precision): Promise<Trial['result']> {
  const embedding = await Embedding.open({ models: [{ name, directory }], defaultModel: name, requiredModels: [], workers: 1 });
  try {
    await embedding.embed(['a text to try the model with'], { precision });
    const { hash = '', loadSeconds = 0 } = embedding.model(name);
    return { hash, loadSeconds };
  } catch (error) {
    if (!(error instanceof VoisinError)) throw error;
    return { problem: error.message };
  } finally {
    await embedding.close();
  }
}
