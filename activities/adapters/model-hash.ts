import { createHash } from 'node:crypto';

/** Vectors of two models never share a table of LanceDB: its name is a hash of the embedder's id and the vector size. */
export function pointTableName(embedderId: string, dimensions: number): string {
  return `points_${modelHash(embedderId, dimensions)}`;
}

/** What tells the tables and collections of one embedding model from those of another: vectors of two never meet. */
export function modelHash(embedderId: string, dimensions: number): string {
  const hash = createHash('sha256').update(`${embedderId}\n${dimensions}`).digest('hex');
  return hash.slice(0, 16);
}
