/** Looks after an upload while it comes in: it may be neither too large nor too slow, and must leave the disk some room. */
import { statfs } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { ScriptoriumError } from '../../activities/errors.ts';
import { IDLE_TIMEOUT_MS, type UploadLimits } from './limits.ts';

const LOOK_EVERY_MS = 1_000;

export class UploadWatch implements Disposable {
  readonly #request: IncomingMessage;
  readonly #folder: string;
  readonly #limits: UploadLimits;
  readonly #over = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #beganAtMs = performance.now();
  /** Of the connection, which may have brought other requests. */
  readonly #bytesBefore: number;
  #fileBytes = 0;
  #heard = { bytes: 0, atMs: performance.now() };

  /** @param folder on the disk that takes the files */
  constructor(request: IncomingMessage, folder: string, limits: UploadLimits) {
    this.#request = request;
    this.#folder = folder;
    this.#limits = limits;
    this.#bytesBefore = request.socket.bytesRead;
    const everyMs = Math.min(LOOK_EVERY_MS, limits.uploadGraceMs);
    this.#timer = setInterval(() => this.#look().catch((error) => this.#over.abort(error)), everyMs);
  }

  /** Aborted when the upload must not go on; the reason is a ScriptoriumError TOO_LARGE, REQUEST_TIMEOUT or DISK_FULL. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /**
   * Before the first byte is taken.
   * @throws ScriptoriumError TOO_LARGE, DISK_FULL
   */
  async check(): Promise<void> {
    const announced = Number(this.#request.headers['content-length'] ?? 0);
    this.#assertSize(announced);
    await this.#assertRoom(announced);
  }

  /** @throws ScriptoriumError TOO_LARGE */
  count(bytes: number): void {
    this.#fileBytes += bytes;
    this.#assertSize(this.#fileBytes);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const bytes = this.#request.socket.bytesRead - this.#bytesBefore;
    this.#assertSize(bytes);
    // What is done with all that came takes its own time: a disk may be slow to write it down.
    if (!this.#request.complete) {
      const now = performance.now();
      this.#assertPace(bytes, now - this.#beganAtMs);
      this.#assertNotSilent(bytes, now);
    }
    await this.#assertRoom(0);
  }

  #assertSize(bytes: number): void {
    const { maxUploadBytes } = this.#limits;
    if (bytes > maxUploadBytes)
      throw new ScriptoriumError('TOO_LARGE', `The upload has more than ${maxUploadBytes} bytes`);
  }

  #assertPace(bytes: number, forMs: number): void {
    const { leastUploadRate, uploadGraceMs } = this.#limits;
    if (forMs > uploadGraceMs && (bytes / forMs) * 1_000 < leastUploadRate)
      throw new ScriptoriumError(
        'REQUEST_TIMEOUT',
        `The upload comes in at less than ${leastUploadRate} bytes a second`,
      );
  }

  #assertNotSilent(bytes: number, now: number): void {
    // What came and is not read yet waits for our disk, and with it whoever sends.
    if (bytes !== this.#heard.bytes || this.#request.readableLength > 0) this.#heard = { bytes, atMs: now };
    if (now - this.#heard.atMs > IDLE_TIMEOUT_MS)
      throw new ScriptoriumError(
        'REQUEST_TIMEOUT',
        `Nothing of the upload came for ${IDLE_TIMEOUT_MS / 1_000} s`,
      );
  }

  async #assertRoom(forBytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize - forBytes < this.#limits.minFreeBytes)
      throw new ScriptoriumError('DISK_FULL', 'The disk of the server has no room for the upload');
  }
}
