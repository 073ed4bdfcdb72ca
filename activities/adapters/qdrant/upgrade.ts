/**
 * Version 0.1 kept points with one vector without a name, and Qdrant can't add named ones to a collection. They are moved
 * into a collection of the present kind, a batch at a time: written there before they are deleted here, so that a process
 * that ends in between loses nothing, and the next one goes on with what is left.
 */
import { z } from 'zod';
import type { QdrantConnection } from './connection.ts';
import { passageOf, pointStruct } from './point-structs.ts';

const POINTS_PER_MOVE = 128;
const unnamedVector = z.array(z.number());

/** Resolves when there is no collection `from` any more. */
export async function moveUnnamedPoints(qdrant: QdrantConnection, from: string, to: string): Promise<void> {
  try {
    while (await moveSome(qdrant, from, to));
    await qdrant.call(`drop collection ${from}`, (client) => client.deleteCollection(from));
  } catch (error) {
    // Another process was at it too, and has finished.
    if (await qdrant.exists(from)) throw error;
  }
}

async function moveSome(qdrant: QdrantConnection, from: string, to: string): Promise<boolean> {
  const { points } = await qdrant.call(`read ${from}`, (client) =>
    client.scroll(from, { limit: POINTS_PER_MOVE, with_payload: true, with_vector: true }),
  );
  if (points.length === 0) return false;
  const moved = points.map((point) =>
    pointStruct({ ...passageOf(point), vector: Float32Array.from(unnamedVector.parse(point.vector)) }),
  );
  await qdrant.call(`move ${moved.length} points to ${to}`, (client) =>
    client.upsert(to, { wait: true, points: moved }),
  );
  const ids = moved.map(({ id }) => id);
  await qdrant.call(`delete moved points of ${from}`, (client) =>
    client.delete(from, { wait: true, points: ids }),
  );
  return true;
}
