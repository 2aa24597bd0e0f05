// Keys from the environment, compared so that the time taken tells nothing about them.
import { createHash, timingSafeEqual } from 'node:crypto';

export interface ConfiguredKey {
  readonly key: string;
  readonly tenant: string;
}

const digest = (key: string | Uint8Array): Buffer => createHash('sha256').update(key).digest();

export class ConfiguredKeys {
  readonly #entries: readonly { readonly digest: Buffer; readonly tenant: string }[];

  constructor(keys: readonly ConfiguredKey[]) {
    this.#entries = keys.map(({ key, tenant }) => ({ digest: digest(key), tenant }));
  }

  /**
   * Digests have one length whatever the key's, and every entry is compared, found or not.
   * HTTP gives the bytes of a header as Latin-1; a key with other letters is therefore tried both as text and as those bytes.
   */
  tenantOf(key: string): string | undefined {
    const asText = digest(key);
    const asBytes = digest(Buffer.from(key, 'latin1'));
    let tenant: string | undefined;
    for (const entry of this.#entries) {
      const same = [timingSafeEqual(entry.digest, asText), timingSafeEqual(entry.digest, asBytes)];
      if (same.includes(true)) tenant = entry.tenant;
    }
    return tenant;
  }
}
