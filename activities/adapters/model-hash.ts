import { createHash } from 'node:crypto';

/** What tells the tables and collections of one embedding model from those of another: vectors of two never meet. */
export function modelHash(embedderId: string, dimensions: number): string {
  const hash = createHash('sha256').update(`${embedderId}\n${dimensions}`).digest('hex');
  return hash.slice(0, 16);
}
