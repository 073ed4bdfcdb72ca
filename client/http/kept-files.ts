/** Files that were sent, under names made of their content: uploads of the same book share one, and the last that gives it up drops it. */
import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, syncFolder } from './durable-folder.ts';

interface Claim {
  /** Uploads that have the file, and do not know yet what becomes of it. */
  holders: number;
  /** It was there before them, or one of them handed it on. */
  stays: boolean;
}

export class KeptFiles {
  readonly #claims = new Map<string, Claim>();
  #last: Promise<void> = Promise.resolve();

  /** Moves a file to where it stays until whoever called this, and everyone else who did, has released it. It is on the disk then. */
  async keep(temporary: string, path: string): Promise<void> {
    await this.#inTurn(async () => {
      const claim = this.#claims.get(path) ?? { holders: 0, stays: await exists(path) };
      claim.holders += 1;
      this.#claims.set(path, claim);
      await makeFolder(dirname(path));
      await rename(temporary, path);
      await syncFolder(dirname(path));
    });
  }

  /** @param taken whether somebody needs the file from now on */
  async release(path: string, taken: boolean): Promise<void> {
    await this.#inTurn(async () => {
      const claim = this.#claims.get(path);
      if (!claim) return;
      claim.holders -= 1;
      claim.stays ||= taken;
      if (claim.holders > 0) return;
      this.#claims.delete(path);
      if (!claim.stays) await rm(path, { force: true });
    });
  }

  /** One after the other: what one drops must not be what another has just found there. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    await done;
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
