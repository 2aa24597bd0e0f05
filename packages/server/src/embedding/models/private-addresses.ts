// Addresses that only machines of the own network reach: where a redirect of a public server must not lead.
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

const networks = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  networks.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  networks.addSubnet(network, bits, 'ipv6');

/** Whether an address is of this machine or of a network that is not the internet's. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  if (family === 4) return networks.check(address, 'ipv4');
  const mapped = new URL(`http://[${address}]`).hostname.match(/^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/);
  if (mapped === null) return networks.check(address, 'ipv6');
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return networks.check([high >> 8, high & 255, low >> 8, low & 255].join('.'), 'ipv4');
}

/** The first private address of a URL's host; undefined: it has none, or is not known. */
export async function privateAddressOf(url: URL): Promise<string | undefined> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return isPrivateAddress(host) ? host : undefined;
  const found = await lookup(host, { all: true }).catch(() => []);
  return found.find(({ address }) => isPrivateAddress(address))?.address;
}
