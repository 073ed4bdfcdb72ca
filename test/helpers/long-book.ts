import { writeFile } from 'node:fs/promises';

const subjects = [
  'The keeper',
  'A heron',
  'The old engineer',
  'Her sister',
  'The ferry',
  'A surveyor',
  'The bell',
];
const verbs = ['watched', 'measured', 'forgot', 'repaired', 'painted', 'described', 'followed'];
const objects = [
  'the northern lamp',
  'a flooded meadow',
  'the second ledger',
  'an iron stair',
  'the tide table',
  'a row of hives',
];

/** A plain text of so many chapters, each about one chunk, no two alike. */
export async function writeLongBook(path: string, chapters: number): Promise<void> {
  const text = Array.from(
    { length: chapters },
    (_, chapter) => `CHAPTER ${chapter + 1}\n\n${chapterText(chapter)}\n`,
  );
  await writeFile(path, text.join('\n'));
}

function chapterText(chapter: number): string {
  return Array.from({ length: 14 }, (_, line) => sentence(chapter * 31 + line * 7, chapter)).join(' ');
}

function sentence(seed: number, chapter: number): string {
  const of = (words: readonly string[], step: number): string =>
    words[(seed * step + chapter) % words.length] ?? '';
  return `${of(subjects, 3)} ${of(verbs, 5)} ${of(objects, 11)} on day ${seed} of the ${chapter + 1}th season.`;
}
