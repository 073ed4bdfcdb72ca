/** The time of a question, by stage. */

export interface StageTime {
  readonly stage: string;
  readonly ms: number;
  /** Where the bar of the stage begins and how long it is, as shares of the whole. */
  readonly from: number;
  readonly share: number;
}

/** The longest stage first. Stages that ran side by side may add up to more than the whole: then they share it. */
export function stageTimes(timings: Readonly<Record<string, number>>, totalMs: number): StageTime[] {
  const stages = Object.entries(timings)
    .filter(([stage, ms]) => ms > 0 && stage !== 'total')
    .sort(([, one], [, other]) => other - one);
  const sum = stages.reduce((all, [, ms]) => all + ms, 0);
  const whole = Math.max(totalMs, sum);
  let from = 0;
  return stages.map(([stage, ms]) => {
    const time = { stage, ms, from, share: whole > 0 ? ms / whole : 0 };
    from += time.share;
    return time;
  });
}
