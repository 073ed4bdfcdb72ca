import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const BLOCK = 1024 * 1024;

/** A PDF of one page with this text, and with so many megabytes of pictures that no page shows: a scanner's book. */
export async function writePaddedPdf(path: string, text: string, megabytes: number): Promise<void> {
  const page = `BT /F1 12 Tf 72 700 Td (${text}) Tj ET`;
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>',
    `<</Length ${page.length}>>stream\n${page}\nendstream`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
  ];
  const offsets: number[] = [];
  let at = 0;
  const counted = (piece: string): Buffer => {
    at += piece.length;
    return Buffer.from(piece, 'latin1');
  };
  function* whole(): Generator<Buffer> {
    yield counted('%PDF-1.4\n');
    for (const [index, object] of objects.entries()) {
      offsets.push(at);
      yield counted(`${index + 1} 0 obj\n${object}\nendobj\n`);
    }
    offsets.push(at);
    yield counted(`${objects.length + 1} 0 obj\n<</Length ${megabytes * BLOCK}>>stream\n`);
    for (let block = 0; block < megabytes; block++) yield noise(block);
    at += megabytes * BLOCK;
    yield counted('\nendstream\nendobj\n');
    const table = at;
    const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`);
    yield counted(`xref\n0 ${offsets.length + 1}\n0000000000 65535 f \n${rows.join('')}`);
    yield counted(`trailer\n<</Size ${offsets.length + 1}/Root 1 0 R>>\nstartxref\n${table}\n%%EOF\n`);
  }
  await pipeline(Readable.from(whole()), createWriteStream(path));
}

/** No two blocks are the same, and none holds what ends an object. */
function noise(block: number): Buffer {
  const line = createHash('sha256').update(String(block)).digest('base64');
  return Buffer.alloc(BLOCK, line);
}
