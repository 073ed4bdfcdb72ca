/** As short a key would strike out words; nobody has one. */
const SHORTEST_KEY = 6;

/** What an endpoint said, without the key that it was given: some repeat the one that they refuse, and askers read it. */
export function withoutKey(said: string, key: string | undefined): string {
  return key && key.length >= SHORTEST_KEY ? said.replaceAll(key, '[key]') : said;
}
