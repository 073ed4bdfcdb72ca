import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { endOrphan } from '../../client/orphans.ts';
import '../helpers/any-realm.ts';
import { IDLE, STUBBORN, startProcess } from '../helpers/child-process.ts';
import { tempFolder } from '../helpers/temp-folder.ts';

describe('an orphan', () => {
  test('is ended when its command line carries the mark', async () => {
    const mark = `/tmp/a home/${randomUUID()}/temporal.db`;
    await using orphan = await startProcess(IDLE, ['--db-filename', mark]);
    expect(await endOrphan(orphan.pid, mark)).toBe(true);
    expect(await orphan.ended).toBe('SIGTERM');
  });

  test('has finished what it does when it is said to be gone', async () => {
    await using folder = await tempFolder();
    const mark = join(folder.path, 'last words');
    const slow = `
      import { writeFileSync } from 'node:fs';
      process.on('SIGTERM', () => setTimeout(() => process.exit(writeFileSync(process.argv.at(-1), 'bye')), 300));
      ${IDLE}`;
    await using orphan = await startProcess(slow, [mark]);
    await endOrphan(orphan.pid, mark);
    expect(await readFile(mark, 'utf8')).toBe('bye');
  });

  test('is left alone when its number belongs to another program now', async () => {
    await using stranger = await startProcess(IDLE, [randomUUID()]);
    expect(await endOrphan(stranger.pid, randomUUID())).toBe(false);
    expect(stranger.child.exitCode).toBeNull();
    expect(process.kill(stranger.pid, 0)).toBe(true);
  });

  test('that is not there any more is nothing to do', async () => {
    const mark = randomUUID();
    const orphan = await startProcess(IDLE, [mark]);
    await orphan[Symbol.asyncDispose]();
    expect(await endOrphan(orphan.pid, mark)).toBe(false);
  });

  test('that does not listen is killed', async () => {
    const mark = randomUUID();
    await using orphan = await startProcess(STUBBORN, [mark]);
    expect(await endOrphan(orphan.pid, mark, 200)).toBe(true);
    expect(await orphan.ended).toBe('SIGKILL');
  });

  test('may be ended by two at once', async () => {
    const mark = randomUUID();
    await using orphan = await startProcess(IDLE, [mark]);
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => endOrphan(orphan.pid, mark)));
    expect(outcomes).toContain(true);
    await orphan.ended;
  });
});
