/** A small disk of its own for artifacts and store, so that it can be full. Needs the right to mount; Linux only. */
import { execFile } from 'node:child_process';
import { mkdir, open, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DISK_MB = 96;
const BLOCK = Buffer.alloc(64 * 1024, 1);

export class Disk implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Mounts it below `folder`; `home` gets links to it. Null where mounting is not allowed. */
  static async mount(folder: string, home: string): Promise<Disk | null> {
    const place = join(folder, 'disk');
    await mkdir(place, { recursive: true });
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'chaos', place]);
    } catch {
      return null;
    }
    await mkdir(home, { recursive: true });
    for (const part of ['artifacts', 'store']) {
      await mkdir(join(place, part));
      await symlink(join(place, part), join(home, part));
    }
    return new Disk(place);
  }

  /** Takes all that is left; resolves to how many bytes that was. */
  async fill(): Promise<number> {
    await using file = await open(join(this.#folder, 'filler'), 'w');
    let bytes = 0;
    try {
      for (;;) bytes += (await file.write(BLOCK)).bytesWritten;
    } catch {
      return bytes;
    }
  }

  async free(): Promise<void> {
    await rm(join(this.#folder, 'filler'), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', [this.#folder]);
  }
}
