/**
 * A stack that is killed comes back to the ports it had, and no other stack of this user takes them meanwhile: a program
 * that waits for its Temporal would else be answered by another one's, which knows nothing of its run.
 */
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { areFree, freeTemporalPorts, type TemporalPorts } from './temporal-server.ts';

const port = z.int().min(1).max(65_535);
/** By the path of the stack's file, which is there from `up` until `down`. */
const register = z.record(z.string(), z.object({ frontend: port, ui: port }));

const registerFile = (): string => join(tmpdir(), `scriptorium-ports-${process.getuid?.() ?? ''}.json`);

/** The ports for the stack with this file. To be called in turn; see `port-turn.ts`. */
export async function keptTemporalPorts(
  stackFile: string,
  file: string = registerFile(),
): Promise<TemporalPorts> {
  const all = Object.entries(await readRegister(file));
  const others = all.filter(([other]) => other !== stackFile && existsSync(other));
  const mine = all.find(([other]) => other === stackFile)?.[1];
  const kept = others.flatMap(([, { frontend, ui }]) => [frontend, ui]);
  const ports = mine && (await areFree(mine)) ? mine : await freeTemporalPorts(kept);
  const beside = `${file}.${process.pid}`;
  await writeFile(beside, JSON.stringify(Object.fromEntries([...others, [stackFile, ports]])), {
    mode: 0o600,
  });
  await rename(beside, file);
  return ports;
}

/** Without a register, or with one that makes no sense, every stack takes what is free. */
async function readRegister(file: string): Promise<z.infer<typeof register>> {
  try {
    return register.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return {};
  }
}
