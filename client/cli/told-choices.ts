import type { Option } from 'commander';

/** An option whose choices are told in the help and completed; what it takes, the parser decides, which may know other words for them. */
export function withToldChoices<T>(
  option: Option,
  choices: readonly string[],
  parse: (text: string, before: T) => T,
): Option {
  option.argParser(parse).argChoices = [...choices];
  return option;
}
