// Every model that is known by name: those in folders, in the Hugging Face hub cache and bundled.
import { isDeepStrictEqual } from 'node:util';
import { VoisinError } from '../../errors.js';
import type { EmbeddingLog } from '../options.js';
import type { Precision } from '../types.js';
import { HubDownloads, type HubSettings } from './hub-downloads.js';
import { findInHubCache } from './hub-cache.js';
import { readModelDirectory } from './model-directory.js';
import { shortName, type ModelDescription } from './model-description.js';
import { findModels, type ModelPlace, type PlaceKind } from './model-places.js';

/** A model by name: what its files say, or why they cannot be used. */
export interface KnownModel {
  readonly name: string;
  readonly shortName: string;
  readonly directory: string;
  readonly kind: PlaceKind;
  readonly description: ModelDescription | undefined;
  readonly problem: VoisinError | undefined;
}

/** The first place of a name counts: models, folders, the hub cache, bundled. */
export interface RegistryOptions {
  readonly models?: readonly ModelPlace[] | undefined;
  /** Folders searched for models: `folder/model` and `folder/owner/model`. */
  readonly folders?: readonly string[] | undefined;
  /** None: the hub cache is not looked at. */
  readonly hub?: HubSettings | undefined;
  /** The folder of the models that come with the server. */
  readonly bundled?: string | undefined;
  readonly log?: EmbeddingLog | undefined;
}

/** Whether a model of this full name is in memory: it stays known by what it was loaded with, wherever its files went. */
type IsInMemory = (name: string) => boolean;

const none: IsInMemory = () => false;
const nothing = (): void => undefined;
const silent: EmbeddingLog = { debug: nothing, info: nothing, warn: nothing, error: nothing };

export class ModelRegistry {
  readonly #options: RegistryOptions;
  readonly #downloads: HubDownloads | undefined;
  readonly #models = new Map<string, KnownModel>();
  /** By the name that is asked for; '' is every model. */
  readonly #looks = new Map<string, Promise<void>>();
  #lastLook: Promise<void> = Promise.resolve();

  private constructor(options: RegistryOptions) {
    this.#options = options;
    const { hub, log = silent } = options;
    this.#downloads = hub?.download === true ? new HubDownloads(hub, log) : undefined;
  }

  /** Looks at every place and reads each model's description. A model that cannot be used is kept with its problem. */
  static async open(options: RegistryOptions): Promise<ModelRegistry> {
    const registry = new ModelRegistry(options);
    await registry.#look();
    return registry;
  }

  list(): KnownModel[] {
    return [...this.#models.values()];
  }

  /** The model of this full name, or of this last part of one; also one that cannot be used. */
  find(name: string): KnownModel | undefined {
    return this.#models.get(name) ?? this.list().find((model) => model.shortName === name);
  }

  /**
   * The description of a model by its files as they are now: the same object as before where they say the same. Where that is allowed it is
   * downloaded, also in a `precision` that the hub cache has not. Throws `not_found` listing what there is, `failed_precondition` naming the file
   * that is missing, cut or wrong, or what a download throws.
   */
  async describe(name: string, precision?: Precision, isInMemory: IsInMemory = none): Promise<ModelDescription> {
    await this.#lookOnce(name, isInMemory);
    const found = this.find(name);
    const fullName = found?.name ?? name;
    const downloads = HubDownloads.canHave(fullName) ? this.#downloads : undefined;
    if (!downloads || (found && !isWithout(found, precision))) {
      if (found) return described(found);
      throw this.unknown(name);
    }
    const fetched = downloads.fetch(fullName, precision === undefined ? 'first' : [precision]);
    const directory = await fetched.catch((error: unknown) => {
      // The hub has no more of it than is here: who asked will say so.
      if (found && error instanceof VoisinError && error.code === 'failed_precondition') return found.directory;
      throw error;
    });
    return described(await this.#read({ name: fullName, directory, kind: 'hub cache' }));
  }

  /** Looks at every place and reads every model anew but those in memory. */
  refresh(isInMemory: IsInMemory): Promise<void> {
    return this.#lookOnce('', isInMemory);
  }

  /** The error of a name that no model has. */
  unknown(name: string): VoisinError {
    const known = [...this.#models.keys()].toSorted().join(', ') || 'none';
    const pull = HubDownloads.canHave(name) ? `; voisin models pull ${name} downloads it, if the hub has it` : '';
    return new VoisinError('not_found', `no model ${JSON.stringify(name)}; there are: ${known}${pull}`, { field: 'model' });
  }

  /** Ends the downloads that are under way. */
  async close(): Promise<void> {
    await this.#downloads?.close();
  }

  /** Those who ask for the same at once wait for one look. One comes after the other: none forgets what a later one has found. */
  #lookOnce(name: string, isInMemory: IsInMemory): Promise<void> {
    const underway = this.#looks.get(name);
    if (underway) return underway;
    const looking = this.#lastLook.then(() => this.#look(name, isInMemory)).finally(() => this.#looks.delete(name));
    this.#looks.set(name, looking);
    this.#lastLook = looking.catch(() => undefined);
    return looking;
  }

  /** Finds what has come and what is gone since, and reads the model of this name, or of every one, anew. */
  async #look(asked = '', isInMemory: IsInMemory = none): Promise<void> {
    const { places, bundled } = await this.#places();
    const isAsked = (name: string): boolean => asked === name || asked === shortName(name);
    for (const place of places.values()) {
      const known = this.#models.get(place.name);
      const isHere = known?.description !== undefined && known.directory === place.directory;
      const isRead = asked === '' ? known !== undefined && isInMemory(place.name) : isHere && !isAsked(place.name);
      if (!isRead) await this.#readOr(place, bundled.get(place.name));
    }
    const known = new Map(this.#models);
    const kept = [...known.keys()].filter((name) => !places.has(name) && isInMemory(name));
    // In the order of the places: of two with one last part, the first counts.
    this.#models.clear();
    for (const name of [...places.keys(), ...kept]) {
      const model = known.get(name);
      if (model) this.#models.set(name, model);
    }
  }

  /** By name; the first place of a name counts. A bundled model stands in for one of its name that is broken. */
  async #places(): Promise<{ readonly places: ReadonlyMap<string, ModelPlace>; readonly bundled: ReadonlyMap<string, ModelPlace> }> {
    const { models = [], folders = [], hub, bundled } = this.#options;
    const found = await Promise.all([...folders.map((folder) => findModels(folder)), hub ? findInHubCache(hub.cache) : []]);
    const ours = bundled === undefined ? [] : await findModels(bundled, 'bundled');
    const places = new Map<string, ModelPlace>();
    for (const place of [...models, ...found.flat(), ...ours]) if (!places.has(place.name)) places.set(place.name, place);
    return { places, bundled: new Map(ours.map((place) => [place.name, place])) };
  }

  async #readOr(place: ModelPlace, bundled: ModelPlace | undefined): Promise<void> {
    if (!bundled || place === bundled) return void (await this.#read(place));
    const model = await readPlace(place);
    if (!model.problem) return void this.#keep(model);
    const known = this.#models.get(place.name);
    const now = await this.#read(bundled);
    if (known?.directory === bundled.directory) return;
    const { log = silent } = this.#options;
    log.warn(
      { model: place.name, directory: place.directory, err: model.problem },
      `${model.problem.message} (${place.directory}); the bundled model of this name ${now.problem ? 'cannot be used either' : 'serves in its place'}`,
    );
  }

  async #read(place: ModelPlace): Promise<KnownModel> {
    return this.#keep(await readPlace(place));
  }

  #keep(model: KnownModel): KnownModel {
    const { name } = model;
    // What was made for a description is known by it: one that says the same is the same.
    const present = this.#models.get(name);
    if (present?.description && isDeepStrictEqual(present.description, model.description)) return present;
    this.#models.set(name, model);
    return model;
  }
}

async function readPlace({ name, directory, kind = 'folder' }: ModelPlace): Promise<KnownModel> {
  const base = { name, shortName: shortName(name), directory, kind };
  try {
    return { ...base, description: await readModelDirectory(name, directory), problem: undefined };
  } catch (error) {
    if (!(error instanceof VoisinError)) throw error;
    return { ...base, description: undefined, problem: kind === 'hub cache' ? withAdvice(error, name) : error };
  }
}

/** A download that another tool broke off leaves a model without some of its files, or parts of them. */
function withAdvice(error: VoisinError, name: string): VoisinError {
  const { code, message, details, cause } = error;
  if (!/ is missing| cut short/.test(message)) return error;
  const advice = `voisin models pull ${name} brings what the hub cache lacks, voisin models remove ${name} takes it out of there`;
  return new VoisinError(code, `${message}; ${advice}`, details, { cause });
}

/** The hub may have the precision that the cache has not. */
const isWithout = ({ kind, description }: KnownModel, precision: Precision | undefined): boolean =>
  kind === 'hub cache' && precision !== undefined && description !== undefined && description.onnxFiles[precision] === undefined;

function described({ description, problem, name }: KnownModel): ModelDescription {
  if (description) return description;
  throw problem ?? new VoisinError('internal', `model ${name} has neither a description nor a problem`);
}
