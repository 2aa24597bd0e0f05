import { expect, it } from 'vitest';
import { isPrivateAddress, privateAddressOf } from './private-addresses.js';

it.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '::1',
  '::',
  'fe80::1',
  'fd00::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '255.255.255.255',
])('%s is of a private network', (address) => expect(isPrivateAddress(address)).toBe(true));
it.each(['1.1.1.1', '172.32.0.1', '192.169.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1', 'example.org'])(
  '%s is not',
  (address) => expect(isPrivateAddress(address)).toBe(false),
);

it('a host is looked at by what its name leads to', async () => {
  expect(await privateAddressOf(new URL('http://localhost/x'))).toMatch(/^(127\.0\.0\.1|::1)$/);
  expect(await privateAddressOf(new URL('http://[::1]:80/'))).toBe('::1');
  expect(await privateAddressOf(new URL('http://2130706433/'))).toBe('127.0.0.1');
  expect(await privateAddressOf(new URL('https://1.1.1.1/'))).toBeUndefined();
});
