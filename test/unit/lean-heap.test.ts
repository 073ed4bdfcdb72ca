import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const leanHeap = new URL('../../activities/lean-heap.ts', import.meta.url).href;

/** Full collections of a heap that holds 40 MB, while 200 MB of what lives through two scavenges are made and dropped. */
async function collectionsWith(bound: 'keepHeapsLean' | 'limitHeapGrowth'): Promise<number> {
  const script = `
    import { PerformanceObserver, constants } from 'node:perf_hooks';
    import { setImmediate as turn } from 'node:timers/promises';
    import { ${bound} } from ${JSON.stringify(leanHeap)};
    ${bound}();
    let full = 0;
    const count = (list) => {
      for (const { detail } of list.getEntries()) full += Number(detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR);
    };
    const observer = new PerformanceObserver((list) => count(list));
    observer.observe({ entryTypes: ['gc'] });
    const megabyte = () => Array.from({ length: 15_000 }, (_, at) => ({ at, text: String(at) }));
    const held = Array.from({ length: 40 }, megabyte);
    const passing = [];
    for (let made = 0; made < 200; made++) {
      passing.push(megabyte());
      if (passing.length > 8) passing.shift();
      await turn();
    }
    count({ getEntries: () => observer.takeRecords() });
    process.stdout.write(String(held.length && full));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--max-semi-space-size=4', '--no-warnings', '--input-type=module', '-e', script],
  ]);
  return Number(stdout);
}

test('a process that answers goes through its heap far less often than one that ingests', async () => {
  const [lean, answering] = [
    await collectionsWith('keepHeapsLean'),
    await collectionsWith('limitHeapGrowth'),
  ];
  expect(answering).toBeGreaterThan(0);
  expect(lean).toBeGreaterThan(2 * answering);
});
