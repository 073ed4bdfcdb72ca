import type { Matrix } from './safetensors.ts';

export interface Int8Columns {
  /** Same shape as the weights, -127 to 127. */
  readonly values: Int8Array;
  /** A column's weights are its values times this. */
  readonly scales: Float32Array;
}

/** Rounds each column to 8 bits by its own scale, symmetrically. */
export function int8Columns({ shape: [rows = 0, columns = 0], values }: Matrix): Int8Columns {
  const largest = new Float32Array(columns);
  for (let at = 0; at < rows * columns; at++)
    largest[at % columns] = Math.max(largest[at % columns] ?? 0, Math.abs(values[at] ?? 0));
  const scales = largest.map((value) => Math.max(value / 127, 1e-12));
  const rounded = new Int8Array(values.length);
  for (let at = 0; at < values.length; at++)
    rounded[at] = Math.round((values[at] ?? 0) / (scales[at % columns] ?? 1));
  return { values: rounded, scales };
}
