/** A picture of a trace, as SVG: a row a span, children below their parents, bars where their time lies. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReceivedSpan } from './otlp-receiver.ts';

const ROW = 22;
const NAMES = 400;
const BARS = 640;
const WIDTH = NAMES + BARS + 40;
const HEAD = 46;

/** Into the folder that TRACE_PICTURES names; nothing where it names none. */
export async function writeWaterfall(name: string, spans: readonly ReceivedSpan[]): Promise<void> {
  const folder = process.env.TRACE_PICTURES;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.svg`), waterfallOf(spans));
}

export function waterfallOf(spans: readonly ReceivedSpan[]): string {
  const rows = rowsOf(spans);
  const from = Math.min(...spans.map(({ startMs }) => startMs));
  const to = Math.max(...spans.map(({ endMs }) => endMs));
  const height = HEAD + rows.length * ROW + 14;
  const title = `trace ${spans[0]?.traceId}: ${rows.length} spans, ${text(to - from)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="26" font-size="14" font-weight="bold">${title}</text>`,
    ...rows.map(({ span, depth }, index) => {
      const y = HEAD + index * ROW;
      const x = NAMES + ((span.startMs - from) / (to - from)) * BARS;
      const width = Math.max(2, ((span.endMs - span.startMs) / (to - from)) * BARS);
      const label = text(span.endMs - span.startMs);
      const outside = x + width + 60 < WIDTH;
      return [
        index % 2 === 0 ? `<rect y="${y}" width="${WIDTH}" height="${ROW}" fill="#f5f6f8"/>` : '',
        `<text x="${12 + depth * 14}" y="${y + 15}">${escaped(span.name)}</text>`,
        `<rect x="${x}" y="${y + 5}" width="${width}" height="12" rx="2" fill="${colourOf(span)}"/>`,
        `<text x="${outside ? x + width + 4 : x - 4}" y="${y + 15}" fill="#555" font-size="11"${outside ? '' : ' text-anchor="end"'}>${label}</text>`,
      ].join('');
    }),
    '</svg>',
  ].join('\n');
}

function rowsOf(spans: readonly ReceivedSpan[]): { span: ReceivedSpan; depth: number }[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const sorted = [...spans].sort((a, b) => a.startMs - b.startMs);
  const below = (parent: string | null, depth: number): { span: ReceivedSpan; depth: number }[] =>
    sorted
      .filter(({ parentId }) => (parentId !== null && ids.has(parentId) ? parentId : null) === parent)
      .flatMap((span) => [{ span, depth }, ...below(span.spanId, depth + 1)]);
  return below(null, 0);
}

/** Our stages, calls of stores, calls of models, and what Temporal adds. */
function colourOf({ name, attributes, failed }: ReceivedSpan): string {
  if (failed) return '#c0392b';
  if (/^(ingest|query|scriptorium)[. ]/.test(name)) return '#2e6fb7';
  if ('db.system.name' in attributes) return '#2f9e6e';
  return 'gen_ai.operation.name' in attributes ? '#8e5bbf' : '#b3b8c2';
}

function text(ms: number): string {
  return ms >= 1_000 ? `${(ms / 1_000).toFixed(2)} s` : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

function escaped(name: string): string {
  return name.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
