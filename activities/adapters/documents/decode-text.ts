import { analyse } from 'chardet';
import iconv from 'iconv-lite';
import { ScriptoriumError } from '../../errors.ts';
import { isBinary } from '../../text/quality.ts';

/** The charset of a text is guessed from so many bytes at its start, middle and end. */
const SAMPLE_BYTES = 64 * 1024;
/** Below this confidence (0–100) of the detector, a text of Western bytes is Windows-1252, which is the usual one. */
const SURE = 30;

/**
 * Bytes as text: by byte order mark, else the charset the file declares, else strict UTF-8, else detection.
 * @param declared charset that the file names, for example in `<meta charset>`
 * @throws ScriptoriumError UNSUPPORTED_FORMAT when the bytes are no text
 */
export function decodeText(bytes: Buffer, path: string, declared: string | null = null): string {
  const marked = charsetOfMark(bytes) ?? utf16WithoutMark(bytes);
  if (marked !== null) return iconv.decode(bytes, marked);
  if (samples(bytes).some(isBinary))
    throw new ScriptoriumError('UNSUPPORTED_FORMAT', `"${path}" holds binary data, not text.`);
  const utf8 = strictUtf8(bytes);
  if (utf8 !== null) return utf8;
  const charset =
    declared !== null && iconv.encodingExists(declared) && !/^utf-?8$/i.test(declared)
      ? declared
      : detect(bytes);
  return iconv.decode(bytes, charset);
}

function charsetOfMark(bytes: Buffer): string | null {
  const head = bytes.subarray(0, 4).toString('hex');
  if (head.startsWith('efbbbf')) return 'utf-8';
  if (head === 'fffe0000') return 'utf-32le';
  if (head === '0000feff') return 'utf-32be';
  if (head.startsWith('fffe')) return 'utf-16le';
  return head.startsWith('feff') ? 'utf-16be' : null;
}

/** In UTF-16 of Latin letters every second byte is 0. */
function utf16WithoutMark(bytes: Buffer): string | null {
  const sample = bytes.subarray(0, 2048);
  const zeros = [0, 0];
  for (const [at, byte] of sample.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  const many = sample.length * 0.3;
  if (odd > many && even === 0) return 'utf-16le';
  return even > many && odd === 0 ? 'utf-16be' : null;
}

function samples(bytes: Buffer): readonly Buffer[] {
  if (bytes.length <= 3 * SAMPLE_BYTES) return [bytes];
  const middle = bytes.length >> 1;
  return [
    bytes.subarray(0, SAMPLE_BYTES),
    bytes.subarray(middle, middle + SAMPLE_BYTES),
    bytes.subarray(bytes.length - SAMPLE_BYTES),
  ];
}

function strictUtf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function detect(bytes: Buffer): string {
  const best = analyse(Buffer.concat(samples(bytes))).find((match) => iconv.encodingExists(match.name));
  return best !== undefined && best.confidence >= SURE ? best.name : 'windows-1252';
}
