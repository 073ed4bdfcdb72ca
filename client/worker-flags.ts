/**
 * Flags of Node.js for the processes of a stack. Each of their heaps (the process's own, and those of its threads) would otherwise
 * get up to 134 MB for young objects, by and by: in a run of hours that looks like a leak. What it costs is in docs/tuning.md.
 */
export const workerFlags: readonly string[] = ['--max-semi-space-size=4'];

/**
 * glibc gives each of dozens of native threads an arena of its own, and keeps more of what was given back the larger it was: that
 * costs hundreds of MB, grows for hours, and gains nothing. Pieces of some pages come and go with each search, between others
 * that stay: taken from the heap they leave holes in it, so that it grows by a few per cent an hour with nothing more in use.
 */
export const workerEnv: NodeJS.ProcessEnv = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '32768',
};

/** With which a worker ends that wants another one in its place (EX_TEMPFAIL of sysexits.h). */
export const REPLACE_WORKER = 75;

/** The parts of a stack ask each other on this machine: where Node.js is told to use a proxy, it is not for that. */
export function directOnLoopback(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = (env.no_proxy ?? env.NO_PROXY)?.trim();
  // pip takes a star for all only where it stands alone.
  if (others === '*') return env;
  const direct = [...(others ? [others] : []), 'localhost', '127.0.0.1', '[::1]'].join(',');
  return { ...env, NO_PROXY: direct, no_proxy: direct };
}
