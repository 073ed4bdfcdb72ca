import { InvalidArgumentError } from 'commander';

/** A number on the command line; its range is checked by the schema of what it goes into. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
