// Writing to a server that will be killed: the end of the connection is expected, every other failure is not.
import { HttpClient } from '../support/http-client.js';

const gone = /ECONNRESET|ECONNREFUSED|EPIPE|socket hang up/;

/** Calls `once` again and again until the server is gone. */
export async function untilDeath(url: string, once: (client: HttpClient) => Promise<void>): Promise<void> {
  const client = new HttpClient(url);
  try {
    for (;;) await once(client);
  } catch (error) {
    if (!(error instanceof Error) || !gone.test(`${error.message} ${String('code' in error && error.code)}`)) throw error;
  } finally {
    client.close();
  }
}
