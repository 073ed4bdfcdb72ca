/** Texts as long as chunks are, for measuring: what they say matters little, how many tokens they have much. */

const SENTENCES = [
  'The keeper climbs the tower at dusk, trims both wicks and notes the height of the barometer in the log.',
  'A function that is called before its module has been loaded raises an error which names the missing symbol.',
  'In spring the river carries so much silt that the lower fields are ploughed a fortnight later than the others.',
  'Set the option to zero to disable the cache; the next request then reads every block from the disk again.',
  'She had kept every letter that he wrote from the mountains, tied with the grey ribbon of the year in which it came.',
  'The estimator is unbiased only if the errors are independent of the regressors, which Table 4.2 makes doubtful.',
  'Whisk the yolks with the sugar until they are pale, fold in the flour, and bake for thirty-five minutes at 180 °C.',
  'Packets larger than the path allows are split by the sender, since no router on the way is permitted to do so.',
  'The treaty of 1648 left the question of the tolls open, and the towns went on quarrelling over it for a century.',
  'Bees that return without pollen dance differently, and their sisters seem to take far less notice of them.',
];
const TEXTS = 16;
const SENTENCES_PER_TEXT = 8;

export const MEASURED_TEXTS: readonly string[] = Array.from({ length: TEXTS }, (_, text) =>
  Array.from(
    { length: SENTENCES_PER_TEXT },
    (_sentence, at) => SENTENCES[(text * 3 + at * (1 + (text % 4) * 2)) % SENTENCES.length],
  ).join(' '),
);
