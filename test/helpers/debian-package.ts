/** Real books out of Debian's packages, fetched with apt's own client where they are not installed. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { homeOf } from '../../client/home.ts';

const run = promisify(execFile);

/** A file of a package, as it is installed or as the package has it. @param file path from the root, without a slash before it */
export async function fileOfPackage(name: string, file: string): Promise<Buffer> {
  const installed = join('/', file);
  if (existsSync(installed)) return await readFile(installed);
  try {
    return await unpacked(name, (folder) => readFile(join(folder, file)));
  } catch (error) {
    throw new Error(
      `${basename(dirname(installed))}/${basename(installed)} is not here and could not be fetched. ` +
        `Install Debian's package ${name}, or put the file at ${installed}.`,
      { cause: error },
    );
  }
}

/** All PDFs of a package, those of equal names numbered. @param cache folder for them, kept from one run to the next */
export async function pdfsOfPackage(name: string, cache: string): Promise<string[]> {
  const folder = join(cache, name);
  if (!existsSync(folder)) {
    await unpacked(name, async (files) => {
      const fresh = join(cache, `${name}.part`);
      await rm(fresh, { recursive: true, force: true });
      await mkdir(fresh, { recursive: true });
      let count = 0;
      for (const entry of await readdir(files, { withFileTypes: true, recursive: true }))
        if (entry.isFile() && extname(entry.name) === '.pdf')
          await cp(join(entry.parentPath, entry.name), join(fresh, `${count++}-${entry.name}`));
      await rename(fresh, folder);
    });
  }
  return (await readdir(folder)).sort().map((file) => join(folder, file));
}

/** So many of them: the first by name, or the smallest from a place on. */
export async function copyPdfs(
  name: string,
  count: number,
  target: string,
  smallestFrom: number | null = null,
): Promise<void> {
  const byName = await pdfsOfPackage(name, join(homeOf().cache, 'bench-extract'));
  const files = smallestFrom === null ? byName : (await bySize(byName)).slice(smallestFrom);
  for (const file of files.slice(0, count)) await copyFile(file, join(target, basename(file)));
}

async function bySize(files: readonly string[]): Promise<string[]> {
  const sized = await Promise.all(files.map(async (path) => ({ path, size: (await stat(path)).size })));
  return sized.toSorted((one, other) => one.size - other.size).map(({ path }) => path);
}

async function unpacked<T>(name: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'scriptorium-deb-'));
  try {
    process.stderr.write(`fetching Debian's package ${name}\n`);
    await run('apt-get', ['download', '--quiet', name], { cwd: folder });
    const [archive = ''] = await readdir(folder);
    await run('dpkg-deb', ['--extract', archive, 'files'], { cwd: folder });
    return await use(join(folder, 'files'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
