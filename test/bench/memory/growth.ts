/** What a row of figures over time says of growth. Pure. */
import { median } from '../report.ts';

export interface Growth {
  /** Medians of the ten parts of the time, in order. */
  readonly tenths: readonly number[];
  /**
   * The end to the second tenth: the first one warms up. The end is the last tenth, or the median of the last three where that is
   * more: a server that has just collected its garbage says nothing of growth.
   */
  readonly lastToSecond: number;
  /** Of the line through all that follows the first tenth (least squares), a unit an hour. */
  readonly perHour: number;
  readonly largest: number;
}

export interface Measured {
  readonly atSeconds: number;
  readonly figure: number;
}

/** @throws RangeError for fewer than ten figures */
export function growthOf(figures: readonly Measured[]): Growth {
  if (figures.length < 10) throw new RangeError(`${figures.length} figures are too few to tell growth`);
  const tenths = Array.from({ length: 10 }, (_, tenth) => {
    const bounds = [tenth, tenth + 1].map((each) => Math.floor((each * figures.length) / 10));
    return median(figures.slice(...bounds).map(({ figure }) => figure));
  });
  return {
    tenths,
    lastToSecond: Math.max(tenths[9] ?? 0, median(tenths.slice(7))) / (tenths[1] ?? 0),
    perHour: slopeOf(figures.slice(Math.floor(figures.length / 10))) * 3_600,
    largest: Math.max(...figures.map(({ figure }) => figure)),
  };
}

/** A unit a second. */
function slopeOf(figures: readonly Measured[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = mean(figures.map(({ atSeconds }) => atSeconds));
  const level = mean(figures.map(({ figure }) => figure));
  const above = figures.map(({ atSeconds, figure }) => (atSeconds - middle) * (figure - level));
  const spread = figures.map(({ atSeconds }) => (atSeconds - middle) ** 2);
  return mean(above) / mean(spread);
}
