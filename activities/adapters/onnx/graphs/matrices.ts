/** Weights cut and put together: rows are inputs, columns outputs. */
import type { Matrix } from './safetensors.ts';

/** A matrix of `rows` × `columns` whose numbers come from a function. */
export function matrixOf(rows: number, columns: number, at: (row: number, column: number) => number): Matrix {
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) values[row * columns + column] = at(row, column);
  return { shape: [rows, columns], values };
}

export function rowsOf({ shape: [, columns = 0], values }: Matrix, rows: readonly number[]): Matrix {
  return matrixOf(rows.length, columns, (row, column) => values[(rows[row] ?? 0) * columns + column] ?? 0);
}

export function columnsOf(
  { shape: [rows = 0, width = 0], values }: Matrix,
  columns: readonly number[],
): Matrix {
  return matrixOf(rows, columns.length, (row, column) => values[row * width + (columns[column] ?? 0)] ?? 0);
}

export function transposed({ shape: [rows = 0, columns = 0], values }: Matrix): Matrix {
  return matrixOf(columns, rows, (row, column) => values[column * columns + row] ?? 0);
}

/** Matrices of as many rows, side by side; vectors one behind the other. */
export function beside(matrices: readonly Matrix[]): Matrix {
  const [
    {
      shape: [rows = 0],
    } = { shape: [] },
  ] = matrices;
  const width = matrices.reduce((sum, { shape }) => sum + (shape[1] ?? 0), 0);
  const values = new Float32Array(rows * width);
  let from = 0;
  for (const {
    shape: [, columns = 0],
    values: own,
  } of matrices) {
    for (let row = 0; row < rows; row++)
      values.set(own.subarray(row * columns, (row + 1) * columns), row * width + from);
    from += columns;
  }
  return { shape: [rows, width], values };
}

/** Largest absolute number of each row. */
export function largestOfRows({ shape: [, columns = 0], values }: Matrix): Float32Array {
  const largest = new Float32Array(values.length / columns);
  for (let at = 0; at < values.length; at++) {
    const row = Math.floor(at / columns);
    largest[row] = Math.max(largest[row] ?? 0, Math.abs(values[at] ?? 0));
  }
  return largest;
}

/** Root of the mean square of each row. */
export function sizesOfRows({ shape: [, columns = 0], values }: Matrix): Float64Array {
  const squares = new Float64Array(values.length / columns);
  for (let at = 0; at < values.length; at++) {
    const row = Math.floor(at / columns);
    squares[row] = (squares[row] ?? 0) + (values[at] ?? 0) ** 2;
  }
  return squares.map((sum) => Math.sqrt(sum / columns));
}
