/** The dashboard of the real stack in a real browser: a person hands books in, watches, steers, asks and reads. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { booksFolder, buildSamples } from '../../samples/build.ts';
import { barriersOf, complaintsOf, findChromium, startBrowser } from '../helpers/browser.ts';
import { eventually } from '../helpers/eventually.ts';
import { writeLongBook } from '../helpers/long-book.ts';
import { TestHome } from '../helpers/scriptorium.ts';

const chromium = findChromium();

const SCRIPT = '<script>window.hacked = true</script>';
const PATIENCE_MS = 120_000;

let home: TestHome;
let browser: Browser;
let page: Page;
let origin: string;
let complaints: string[];
let books: string;

const about = chromium
  ? 'the dashboard'
  : 'the dashboard (skipped: there is no Chromium on this machine, and CHROMIUM_PATH names none)';

(chromium ? describe : describe.skip)(about, () => {
  beforeAll(async () => {
    await buildSamples();
    home = await TestHome.create({ SCRIPTORIUM_HTTP_ADDRESS: '127.0.0.1:0' });
    books = join(home.folder, 'books');
    await cp(booksFolder, books, { recursive: true });
    await writeFile(join(books, 'late.txt'), '');
    await writeFile(
      join(books, 'hostile.html'),
      `<title>${escaped(SCRIPT)}</title><p>A heron stood on the weir and said: ${escaped(SCRIPT)}.</p>`,
    );
    expect((await home.run('up', '--detach')).code).toBe(0);
    origin = new URL(await home.addressOf('http')).origin;
    browser = await startBrowser(chromium ?? '');
    page = await browser.newPage({ viewport: { width: 1280, height: 860 }, reducedMotion: 'reduce' });
    page.setDefaultTimeout(PATIENCE_MS);
    complaints = complaintsOf(page, origin);
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    await home?.[Symbol.asyncDispose]();
  }, 60_000);

  beforeEach(() => {
    complaints.length = 0;
  });

  test('says what to do while there are no books', async () => {
    await open('#/runs');
    await page.getByText('npx scriptorium ingest').waitFor();
    await open('#/library');
    await page.getByRole('heading', { name: 'The library is empty' }).waitFor();
    expect(complaints).toEqual([]);
  }, 60_000);

  test('takes books by their path, and shows the run until it is over', async () => {
    await open('#/runs');
    await handIn(books, 'default');
    const job = page.getByRole('listitem').filter({ hasText: 'into default' });
    await job.getByText('done', { exact: true }).waitFor();
    await job.getByText('9 books searchable, 1 failed').waitFor();
    const last = page.getByRole('region', { name: 'default', exact: true });
    await last.getByText('10 of 10').waitFor();
    await last.getByText(/1 book failed/).click();
    await last.getByText('EMPTY_FILE').waitFor();
    expect(complaints).toEqual([]);
  }, 300_000);

  test('tries a book again that failed', async () => {
    await writeFile(
      join(books, 'late.txt'),
      'The lamp was lit late, at the fourth bell, by the keeper of the weir.',
    );
    await open('#/runs');
    const run = page.getByRole('region', { name: 'default', exact: true });
    await run.getByRole('button', { name: 'Retry failed' }).click();
    const isIngested = async (): Promise<boolean> => {
      await open('#/library?title=late');
      const row = page.getByRole('row', { name: /late/ });
      await row.waitFor();
      return (await row.getByText('ingested').count()) > 0;
    };
    await eventually(isIngested, { everyMs: 500 });
    expect(complaints).toEqual([]);
  }, 180_000);

  test('takes books by upload', async () => {
    await open('#/runs');
    await page.getByRole('button', { name: 'Add books' }).click();
    await page.getByLabel('From this computer').check();
    const file = {
      name: 'ferry.txt',
      mimeType: 'text/plain',
      buffer: Buffer.from('The ferry sails at six.'),
    };
    await page.getByLabel('Files', { exact: true }).setInputFiles(file);
    await page.getByLabel('Library').fill('uploads');
    await page.getByRole('button', { name: 'Upload and ingest' }).click();
    const job = page.getByRole('listitem').filter({ hasText: 'into uploads' });
    await job.getByText('1 book searchable, 0 failed').waitFor();
    expect(complaints).toEqual([]);
  }, 120_000);

  test('pauses, resumes, widens and cancels a run', async () => {
    const giant = join(home.folder, 'giant');
    await mkdir(giant);
    await writeLongBook(join(giant, 'a-giant.txt'), 4_000);
    await open('#/runs');
    await handIn(giant, 'steered');
    const run = page.getByRole('region', { name: 'steered', exact: true });
    await run.getByRole('progressbar', { name: 'Progress of a-giant.txt' }).waitFor();
    await run.getByRole('button', { name: 'Pause' }).click();
    await run.getByText('paused', { exact: true }).waitFor();
    await run.getByRole('button', { name: 'Resume' }).click();
    await run.getByText('ingesting', { exact: true }).waitFor();
    await run.getByLabel('Books at once').fill('7');
    await run.getByRole('button', { name: 'Set' }).click();
    await run.locator('input[name="parallel"][value="7"]').waitFor();
    await run.getByRole('button', { name: 'Cancel run' }).click();
    const asked = page.getByRole('dialog', { name: 'Cancel the run over steered?' });
    await focusOn('Let it go on');
    await asked.getByRole('button', { name: 'Cancel the run' }).click();
    await run.getByText('cancelled', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  }, 240_000);

  test('answers a question, and opens a citation at its quote', async () => {
    await open('#/ask');
    await page.getByLabel('Question').fill('Why does the Tolland Low lighthouse stand on rails?');
    await page.keyboard.press('Enter');
    const first = page.getByRole('button', { name: /^Source 1: .*Saint Orrin.*page/ }).first();
    await first.waitFor();
    const quote = await page.getByRole('blockquote').first().textContent();
    await first.click();
    const mark = page.getByRole('dialog').locator('mark');
    await mark.waitFor();
    expect(lettersOf(quote)).toContain(lettersOf(await mark.textContent()));
    expect(lettersOf(await mark.textContent()).length).toBeGreaterThan(10);
    expect(await isInView(mark)).toBe(true);
    expect(await barriersOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await mark.waitFor({ state: 'detached' });
    await focusOn('1');
    expect(complaints).toEqual([]);
  }, 120_000);

  test('shows what books say as text, whatever they say', async () => {
    await open('#/library');
    await page.getByRole('link', { name: SCRIPT }).click();
    await page.getByRole('heading', { level: 1, name: SCRIPT }).waitFor();
    await page.getByRole('article').getByText(SCRIPT).waitFor();
    expect(await page.evaluate('window.hacked === undefined')).toBe(true);
    expect(complaints).toEqual([]);
  }, 60_000);

  test('removes a book only when it is told so twice', async () => {
    await open('#/library?title=late');
    await page.getByRole('link', { name: /late/ }).click();
    await page.getByRole('button', { name: 'Remove …' }).click();
    await page.getByRole('button', { name: 'Keep it' }).click();
    await page.getByRole('button', { name: 'Remove …' }).click();
    await page.getByRole('button', { name: 'Remove the book' }).click();
    await page.getByRole('heading', { level: 1, name: 'Library' }).waitFor();
    await open('#/library?title=late');
    await page.getByRole('heading', { name: 'No book is like that' }).waitFor();
    expect(complaints).toEqual([]);
  }, 60_000);

  test.each(['light', 'dark'] as const)(
    'has no barrier on any page, in %s',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await open('#/library?title=Orrin');
      const link = page.getByRole('link', { name: /Saint Orrin/ }).first();
      const book = (await link.getAttribute('href')) ?? '';
      const pages: readonly (readonly [address: string, shown: Locator])[] = [
        ['#/runs', page.getByRole('region', { name: 'default', exact: true })],
        ['#/library', page.getByRole('table')],
        [book, page.getByRole('article')],
        [book.replace(/pages\/\d+$/, 'chunks'), page.getByText('#0')],
        ['#/ask?q=How+is+the+clock+wound%3F', page.getByRole('blockquote').first()],
        ['#/search?q=bees+in+spring', page.locator('mark').first()],
        ['#/health', page.getByText('Ready: every part answers.')],
      ];
      for (const [address, shown] of pages) {
        await open(address);
        await shown.waitFor();
        expect({ address, barriers: await barriersOf(page) }).toEqual({ address, barriers: [] });
      }
      expect(complaints).toEqual([]);
    },
    180_000,
  );
});

async function open(hash: string): Promise<void> {
  // A change behind the # alone would not load the page anew.
  await page.goto('about:blank');
  await page.goto(`${origin}/${hash}`);
}

async function handIn(path: string, library: string): Promise<void> {
  await page.getByRole('button', { name: 'Add books' }).click();
  await page.getByLabel('Files and folders').fill(path);
  await page.getByLabel('Library').fill(library);
  await page.getByRole('button', { name: 'Ingest', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

/** A dialog moves the focus a moment after it is there. */
async function focusOn(text: string): Promise<void> {
  await page.waitForFunction(`document.activeElement.textContent === ${JSON.stringify(text)}`);
}

async function isInView(element: Locator): Promise<boolean> {
  const box = await element.boundingBox();
  const { height = 0 } = page.viewportSize() ?? {};
  return box !== null && box.y >= 0 && box.y + box.height <= height;
}

/** Without what a page breaks its lines with. */
function lettersOf(text: string | null): string {
  return (text ?? '').replace(/[\s\p{Pd}\u00ad]/gu, '').toLowerCase();
}

function escaped(text: string): string {
  return text.replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
