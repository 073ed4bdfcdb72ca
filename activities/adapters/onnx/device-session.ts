/** A model that is loaded on a device: what the embedder needs of it, so that a test can bring one that needs no device. */

/** Texts of one run, all padded to the same length. */
export interface PaddedBatch {
  readonly rows: number;
  /** Tokens of a row, padding included. */
  readonly tokens: number;
  /** Token ids, row-major, `rows` × `tokens`; what lies behind the length of a row is padding. */
  readonly ids: Int32Array<ArrayBuffer>;
  /** Tokens of each row, padding excluded; at least 1. */
  readonly lengths: Int32Array<ArrayBuffer>;
}

export interface DeviceSession extends AsyncDisposable {
  /** Length of a vector. */
  readonly dimensions: number;
  /**
   * Vectors of length one, row-major, `rows` × `dimensions`. The batch's arrays belong to the session from then on.
   * @throws DeviceMemoryError when the batch does not fit; the session stays usable
   * @throws Error when the device fails otherwise
   */
  run(batch: PaddedBatch): Promise<Float32Array>;
}

export class DeviceMemoryError extends Error {
  override readonly name = 'DeviceMemoryError';
}

/**
 * How ONNX Runtime's arena, CUDA, cuBLAS, cuDNN, Vulkan and Dawn (WebGPU) say that memory is short. There is no code for
 * it: ONNX Runtime reports every failure of a node as a runtime exception with such a text.
 */
const MEMORY_MESSAGES = [
  /failed to allocate memory/i,
  /out of (?:device |host )?memory/i,
  /OUT_OF_(?:DEVICE_|HOST_)?MEMORY/,
  /CUDA (?:failure|error) 2\b/,
  /_STATUS_ALLOC_FAILED/,
  /bad_alloc/,
  /exceeds the max(?:imum)? buffer size/i,
  /larger than the max(?:imum)? (?:storage )?buffer binding size/i,
];

export function saysOutOfMemory(message: string): boolean {
  return MEMORY_MESSAGES.some((pattern) => pattern.test(message));
}
