/** Reads the weights of a `.safetensors` file: length of the header, header as JSON, then the numbers. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** Row by row. */
export interface Matrix {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const header = z.record(
  z.string(),
  z.looseObject({
    dtype: z.string().optional(),
    shape: z.array(z.int()).optional(),
    data_offsets: z.tuple([z.int(), z.int()]).optional(),
  }),
);

/** Gives a tensor by its name; throws for one that the file lacks or that is not of 32-bit floats. */
export type Weights = (name: string) => Matrix;

export async function readSafetensors(path: string): Promise<Weights> {
  const bytes = await readFile(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const entries = header.parse(JSON.parse(bytes.toString('utf8', 8, start)));
  return (name) => {
    const { dtype, shape, data_offsets } = entries[name] ?? {};
    if (dtype !== 'F32' || !shape || !data_offsets) throw new Error(`${path} holds no 32-bit tensor ${name}`);
    // Copied: its place in the file need not be a multiple of four.
    const own = Uint8Array.from(bytes.subarray(start + data_offsets[0], start + data_offsets[1]));
    return { shape, values: new Float32Array(own.buffer) };
  };
}
