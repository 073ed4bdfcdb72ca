import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type TempFolder, tempFolder } from './temp-folder.ts';

export interface BookFolder extends TempFolder {
  /** Path of what lies in it; of itself for an empty one. */
  readonly at: (path: string) => string;
}

/** A new folder with the given files. */
export async function bookFolder(files: Readonly<Record<string, string | Buffer>>): Promise<BookFolder> {
  const folder = await tempFolder();
  const at = (path: string): string => (path === '' ? folder.path : `${folder.path}/${path}`);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), content);
  }
  return { ...folder, at };
}
