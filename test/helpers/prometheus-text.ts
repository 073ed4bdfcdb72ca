/** Reads Prometheus' text format, as far as tests need it. */

export type Labels = Readonly<Record<string, string>>;

export interface Samples {
  /** Of the one series that has these labels, whatever others it has. Throws when there is none, or are several. */
  value(name: string, labels?: Labels): number;
  /** Of all series that have these labels, together. */
  total(name: string, labels?: Labels): number;
}

export function samplesIn(text: string): Samples {
  const samples = text.split('\n').flatMap((line) => {
    const [, name = '', labels = '', value = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    return name === '' ? [] : [{ name, labels: labelsIn(labels), value: Number(value) }];
  });
  const matching = (name: string, wanted: Labels): readonly { readonly value: number }[] =>
    samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(wanted).every(([label, value]) => sample.labels[label] === value),
    );
  return {
    value(name, labels = {}) {
      const [first, ...more] = matching(name, labels);
      if (!first || more.length > 0)
        throw new Error(`${name}${JSON.stringify(labels)} has ${first ? 1 + more.length : 0} series`);
      return first.value;
    },
    total: (name, labels = {}) => matching(name, labels).reduce((sum, { value }) => sum + value, 0),
  };
}

function labelsIn(text: string): Labels {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
}
