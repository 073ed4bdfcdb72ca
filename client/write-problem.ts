import { access, constants, mkdir } from 'node:fs/promises';

/**
 * Why nothing can be written into a folder, which is made where it is missing; null where something can. To be asked before a lock is
 * taken there: one that can't be made at all would be tried for as long as one that another process holds.
 */
export async function writeProblem(folder: string): Promise<Error | null> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
