import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect, test } from '@jest/globals';
import { localTimeZone } from '../../client/local-time-zone.ts';
import '../helpers/any-realm.ts';
import { bookFolder } from '../helpers/book-folder.ts';

test.each([
  ['Europe/Berlin', 'Europe/Berlin'],
  [':America/New_York', 'America/New_York'],
  // As POSIX has it.
  ['', 'UTC'],
])('TZ=%s is %s', (TZ, zone) => {
  expect(localTimeZone({ TZ })).toBe(zone);
});

test('a file of the zone database has the name of its path, by whatever link', async () => {
  await using folder = await bookFolder({});
  const file = folder.at('zoneinfo/posix/Asia/Tokyo');
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, '');
  await symlink(file, folder.at('localtime'));
  expect(localTimeZone({ TZ: `:${folder.at('localtime')}` })).toBe('Asia/Tokyo');
});

test.each(['CET-1CEST', 'Nowhere/Town', ':/no/such/file'])(
  'TZ=%s has no name, and is refused with a remedy',
  (TZ) => {
    expect(() => localTimeZone({ TZ })).toThrow(`(TZ=${TZ}); set TZ to one such as Europe/Berlin`);
  },
);

test('without a variable the system is asked', () => {
  expect(localTimeZone({})).toMatch(/^[A-Za-z]/);
});
