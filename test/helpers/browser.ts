/** A real browser, driven: the machine's own Chromium, because none is downloaded for tests. */
import { existsSync } from 'node:fs';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { z } from 'zod';

const places = [
  process.env.CHROMIUM_PATH ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** Null when the machine has none, and CHROMIUM_PATH names none. */
export function findChromium(): string | null {
  return places.find((place) => place !== '' && existsSync(place)) ?? null;
}

export async function startBrowser(executablePath: string): Promise<Browser> {
  // Containers lend no namespaces to its sandbox; it sees nothing but the pages of the test.
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}

/** What a page must not do: errors, refused policies, requests to other hosts, and boxes that scripts in books opened. */
export function complaintsOf(page: Page, origin: string): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // An answer that is no success is part of the contract, and told to the reader.
    if (message.type() === 'error' && !/the server responded with a status of/.test(message.text()))
      complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`a request to ${request.url()}`);
  });
  page.on('dialog', async (dialog) => {
    complaints.push(`a script opened: ${dialog.message()}`);
    await dialog.dismiss();
  });
  return complaints;
}

const findings = z.object({
  violations: z.array(
    z.object({ id: z.string(), help: z.string(), nodes: z.array(z.object({ html: z.string() })) }),
  ),
});

/** Rules of accessibility that the page breaks as it stands, each with the first element that does. */
export async function barriersOf(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = findings.parse(await page.evaluate('axe.run()'));
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html ?? ''}`);
}
