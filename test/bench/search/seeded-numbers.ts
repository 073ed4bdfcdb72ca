/** Numbers, choices and vectors that are the same every time. */
export class Seeded {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to 1: xorshift32 (Marsaglia 2003), after a step of an LCG so that no seed is bad. */
  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }

  unitVector(dimensions: number): Float32Array {
    return normalised(Float32Array.from({ length: dimensions }, () => this.next() - 0.5));
  }

  /** A unit vector in the neighbourhood of another, `noise` away before it is normalised. */
  near(centre: Float32Array, noise: number): Float32Array {
    const off = this.unitVector(centre.length);
    return normalised(centre.map((value, at) => value + noise * (off[at] ?? 0)));
  }
}

function normalised(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const scale = 1 / Math.sqrt(squares);
  return vector.map((value) => value * scale);
}
