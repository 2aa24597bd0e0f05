// What an Accept header asks for by name: a client that takes anything has named nothing.

/** Whether the client names this type, and takes it. */
export const accepts = (header: string | undefined, type: string): boolean => qualityOf(header, type) > 0;

/** How much the client wants this type: the `q` that stands at its name, 1 where none does; 0 where the type is not named. */
export function qualityOf(header: string | undefined, type: string): number {
  let most = 0;
  for (const item of header?.split(',') ?? []) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    if (name !== type) continue;
    const said = parameters.find((parameter) => /^q\s*=/.test(parameter));
    const quality = said === undefined ? 1 : Number(said.replace(/^q\s*=/, ''));
    // What is no number asks for nothing.
    if (quality > most) most = quality;
  }
  return most;
}
