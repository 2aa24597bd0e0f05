import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { environment } from '../config/environment.js';

/** Whether a shell would find the program. */
export async function isOnPath(program: string): Promise<boolean> {
  for (const folder of (environment()['PATH'] ?? '').split(delimiter)) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
