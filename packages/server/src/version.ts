// The version of this package, as its package.json has it.
import { readFileSync } from 'node:fs';

// From dist/src/ up to the package.
const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
if (typeof manifest !== 'object' || manifest === null || !('version' in manifest) || typeof manifest.version !== 'string') {
  throw new Error('package.json has no version');
}

export const version = manifest.version;
