/** Tables of docs/performance.md, out of the kept reports. */
import type { KeptReport } from './kept-reports.ts';

const begin = (bench: string): string => `<!-- bench ${bench} -->`;
const END = '<!-- /bench -->';

/**
 * The page with the table of each report between its two marks; what stands around them is written by hand.
 * Marks that no report fills yet tell how they are filled.
 * @throws Error for a report whose marks the page lacks
 */
export function withTables(page: string, reports: readonly KeptReport[]): string {
  const marked = [...page.matchAll(/<!-- bench ([\w-]+) -->/g)].map(([, bench = '']) => bench);
  const missing = reports.filter(({ bench }) => !marked.includes(bench)).map(({ bench }) => begin(bench));
  if (missing.length > 0) throw new Error(`docs/performance.md lacks the marks ${missing.join(', ')}`);
  return marked.reduce((text, bench) => {
    const report = reports.find((each) => each.bench === bench);
    return between(
      text,
      begin(bench),
      report ? tableOf(report) : `None is kept: \`npm run bench -- ${bench} --keep\`.`,
    );
  }, page);
}

function between(text: string, mark: string, table: string): string {
  const from = text.indexOf(mark) + mark.length;
  const to = text.indexOf(END, from);
  const next = text.indexOf('<!-- bench ', from);
  if (to < 0 || (next >= 0 && next < to)) throw new Error(`${mark} has no ${END}`);
  return `${text.slice(0, from)}\n${table}\n${text.slice(to)}`;
}

export function tableOf(report: KeptReport): string {
  const { unit, medians, rounds, ratios, settings, figures = {}, notMeasured, keptOn, machine } = report;
  const rows = Object.entries(medians).map(([name, median]) => {
    const range = rounds[name] ?? [];
    const spread = range.length > 1 ? ` (${shown(Math.min(...range))} to ${shown(Math.max(...range))})` : '';
    const ratio = ratios[name] === undefined ? '' : `**${ratios[name].toFixed(3)}**`;
    return `| ${name} | ${shown(median)}${spread} | ${ratio} |`;
  });
  const others = Object.entries(figures).map(
    ([name, figure]) => `| ${name} | ${typeof figure === 'number' ? shown(figure) : figure} |`,
  );
  const about = Object.entries(settings).map(([name, value]) => `${name} ${value}`);
  return [
    `${keptOn}, ${machine}; ${about.join(', ')}. Not measured: ${notMeasured}.`,
    '',
    `| | ${unit} | ours to it |`,
    '| --- | --- | --- |',
    ...rows,
    ...(others.length === 0 ? [] : ['', '| | |', '| --- | --- |', ...others]),
  ].join('\n');
}

/** Four digits that say something. */
function shown(figure: number): string {
  if (Number.isInteger(figure) || Math.abs(figure) >= 1_000) return Math.round(figure).toLocaleString('en');
  return String(Number(figure.toPrecision(4)));
}
