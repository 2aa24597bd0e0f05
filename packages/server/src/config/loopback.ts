// Is an address this machine's own, so that nobody else can reach it?
import { isIPv4 } from 'node:net';

/** 127.0.0.0/8, ::1 (and 127.0.0.0/8 written as IPv6) and the name localhost; any other name may lead anywhere. */
export function isLoopback(host: string): boolean {
  const plain = host.toLowerCase().replace(/^::ffff:/, '');
  return plain === 'localhost' || plain === '::1' || plain === '0:0:0:0:0:0:0:1' || (isIPv4(plain) && plain.startsWith('127.'));
}
