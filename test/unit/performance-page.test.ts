/** The page of performance is what the kept reports say, and a ratio that fell is told. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { comparedWith, hasLost, type KeptReport, keptReports, lossesSince } from '../bench/kept-reports.ts';
import { withTables } from '../bench/performance-page.ts';

const report: KeptReport = {
  ...{ bench: 'extract', unit: 'pages a second', settings: { files: 3 }, notMeasured: 'scans' },
  ...{ rounds: { scriptorium: [300, 345.12, 350], pdftotext: [240] } },
  medians: { scriptorium: 345.12, pdftotext: 240 },
  ...{ ratios: { pdftotext: 1.438 }, ratio: 1.438, keptOn: '2026-11-01', machine: '2 cores' },
  figures: { 'more MB': 73.04999, chunks: 10142 },
};
const page = 'Before.\n<!-- bench extract -->\nold\n<!-- /bench -->\nAfter.\n';

describe('the page of performance', () => {
  test('has the tables of the kept reports, as they are', async () => {
    const written = await readFile(new URL('../../docs/performance.md', import.meta.url), 'utf8');
    expect(withTables(written, await keptReports())).toBe(written);
  });

  test('gets a report between its marks, and nothing else changes', () => {
    const written = withTables(page, [report]);
    expect(written).toMatch(/^Before\.\n<!-- bench extract -->\n/);
    expect(written).toMatch(/\n<!-- \/bench -->\nAfter\.\n$/);
    expect(written).toContain('| scriptorium | 345.1 (300 to 350) |  |');
    expect(written).toContain('| pdftotext | 240 | **1.438** |');
    expect(written).toContain('| more MB | 73.05 |\n| chunks | 10,142 |');
    expect(written).toContain('2026-11-01, 2 cores; files 3. Not measured: scans.');
    expect(written).not.toContain('old');
    expect(withTables(written, [report])).toBe(written);
  });

  test('without marks for a report is refused, and marks that none fills say how they are filled', () => {
    expect(() => withTables('nothing', [report])).toThrow('<!-- bench extract -->');
    expect(withTables(page, [])).toContain('npm run bench -- extract --keep');
    const unclosed = page.replace('<!-- /bench -->', '');
    expect(() => withTables(unclosed + page.replaceAll('extract', 'other'), [report])).toThrow('has no');
  });
});

test('a ratio that fell by more than a tenth since the last release is told', () => {
  const kept = { keptOn: '2026-11-01', ratios: { pdftotext: 1.4, gone: 2 } };
  expect(lossesSince(kept, { ratios: { pdftotext: 1.27, other: 0.1 } })).toEqual([]);
  expect(lossesSince(kept, { ratios: { pdftotext: 1.25 } })).toEqual([
    'LOSS of 11 %: ours to pdftotext is 1.250, and was 1.400 on 2026-11-01',
  ]);
});

test('what a report is compared with is told: nothing, other settings, ratios that it lacks', () => {
  const kept = {
    keptOn: '2026-11-01',
    ratios: { '60 books': 0.9, pdftotext: 1.4 },
    settings: { files: 3, rounds: 5 },
  };
  const now = { ratios: { '100 books': 0.9, pdftotext: 1 }, settings: { files: 4, rounds: 5 } };
  expect(comparedWith(undefined, now)).toEqual([expect.stringContaining('no report of a release is kept')]);
  expect(comparedWith(kept, now)).toEqual([
    'compared with 2026-11-01 at other settings: files',
    expect.stringContaining('no ratio to 60 books'),
    expect.stringContaining('LOSS of 29 %: ours to pdftotext'),
  ]);
  expect(comparedWith(kept, { ...kept })).toEqual([]);
  const slower = { ...kept, ratios: { ...kept.ratios, pdftotext: 1 } };
  // At other settings a ratio that fell is told, and is no failure.
  expect([hasLost(kept, now), hasLost(kept, kept), hasLost(kept, slower)]).toEqual([false, false, true]);
});
