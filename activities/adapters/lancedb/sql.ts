/**
 * A text as an SQL literal of DataFusion, LanceDB's query engine: single quotes are doubled, and nothing else
 * (backslashes, newlines, NUL, emoji) has a meaning inside.
 */
export function sqlText(value: string): string {
  return `'${value.toWellFormed().replaceAll("'", "''")}'`;
}

/** `column = value`, with the value quoted. `column` is a name of our own schema. */
export function equals(column: string, value: string): string {
  return `${column} = ${sqlText(value)}`;
}

/** `column <> value`, with the value quoted. */
export function differs(column: string, value: string): string {
  return `${column} <> ${sqlText(value)}`;
}

/** `column IN (values)`; false for no values, since SQL has no empty list. */
export function isOneOf(column: string, values: Iterable<string>): string {
  const literals = Array.from(values, sqlText);
  return literals.length === 0 ? 'false' : `${column} IN (${literals.join(', ')})`;
}

/** All conditions that are given; undefined when there is none. */
export function allOf(conditions: readonly (string | undefined)[]): string | undefined {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length === 0 ? undefined : given.map((condition) => `(${condition})`).join(' AND ');
}

/** At least one of the conditions. */
export function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'false' : conditions.map((condition) => `(${condition})`).join(' OR ');
}
