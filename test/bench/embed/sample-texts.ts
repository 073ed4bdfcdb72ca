import { readdir, readFile } from 'node:fs/promises';

/** Words of a text, from the least to the most. */
export const mixes = { mixed: [20, 180], short: [5, 40], long: [150, 180] } as const;
export type Mix = keyof typeof mixes;

/** Passages of the sample books' sources, the same ones every time. */
export async function sampleTexts(count: number, mix: Mix): Promise<string[]> {
  const folder = new URL('../../../samples/sources/', import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md')).sort();
  const sources = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')));
  const words = sources.join(' ').split(/\s+/);
  const [least, most] = mixes[mix];
  return Array.from({ length: count }, (_, index) => {
    const from = (index * 97) % (words.length - 200);
    return words.slice(from, from + least + ((index * 53) % (most - least + 1))).join(' ');
  });
}
