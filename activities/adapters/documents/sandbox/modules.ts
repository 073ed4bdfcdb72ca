import { extname } from 'node:path';

/** A module of this folder, as it runs here: TypeScript in a checkout, JavaScript in the package. */
export function siblingModule(name: string): URL {
  return new URL(`./${name}${extname(new URL(import.meta.url).pathname)}`, import.meta.url);
}
