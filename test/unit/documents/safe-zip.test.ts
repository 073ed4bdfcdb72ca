import { expect, test } from '@jest/globals';
import { SafeZip } from '../../../activities/adapters/documents/archive/safe-zip.ts';
import '../../helpers/any-realm.ts';
import { bookFolder } from '../../helpers/book-folder.ts';
import { makeZip } from '../../helpers/broken-books.ts';

test('what the system could not do is no fault of an archive, what it holds is', async () => {
  await using folder = await bookFolder({ 'torn.epub': 'PK no more' });
  await expect(SafeZip.open(folder.at('gone.epub'), 1_000)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(SafeZip.open(folder.at('torn.epub'), 1_000)).rejects.toMatchObject({ code: 'CORRUPT_FILE' });
});

test('an archive whose names alone fill the memory is refused before they are all read', async () => {
  const names = Array.from({ length: 300 }, (_, at) => `${at}-${'n'.repeat(60_000)}`);
  const zip = await makeZip(Object.fromEntries(names.map((name) => [name, ''])));
  await using folder = await bookFolder({ 'names.epub': zip });
  await expect(SafeZip.open(folder.at('names.epub'), 1_000)).rejects.toMatchObject({
    code: 'UNSAFE_ARCHIVE',
  });
});
