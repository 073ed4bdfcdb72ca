import { expect, test } from '@jest/globals';
import { SafeZip } from '../../../activities/adapters/documents/archive/safe-zip.ts';
import '../../helpers/any-realm.ts';
import { bookFolder } from '../../helpers/book-folder.ts';

test('what the system could not do is no fault of an archive, what it holds is', async () => {
  await using folder = await bookFolder({ 'torn.epub': 'PK no more' });
  await expect(SafeZip.open(folder.at('gone.epub'), 1_000)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(SafeZip.open(folder.at('torn.epub'), 1_000)).rejects.toMatchObject({ code: 'CORRUPT_FILE' });
});
