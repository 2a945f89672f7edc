// The order of rows: as the reader sorted them, and kept still while the reader points at them.

export type Direction = 'ascending' | 'descending';

/** What rows are sorted by; what is unknown comes last, whichever the direction. */
export type Sortable = string | number | null | undefined;

export function sorted<Row>(rows: readonly Row[], by: (row: Row) => Sortable, direction: Direction, key: (row: Row) => string): Row[] {
  const sign = direction === 'ascending' ? 1 : -1;
  return [...rows].sort((a, b) => compare(by(a), by(b), sign) || key(a).localeCompare(key(b)));
}

function compare(a: Sortable, b: Sortable, sign: number): number {
  const absent = Number(a == null) - Number(b == null);
  if (absent !== 0 || a == null || b == null) return absent;
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  return sign * String(a).localeCompare(String(b), 'en', { numeric: true });
}

export interface Steady<Row> {
  row: Row;
  /** It is no longer there; its row stays until the reader looks away. */
  gone: boolean;
}

/** The rows in the order that `before` had them, gone ones in their places, new ones at the end. */
export function steady<Row>(before: readonly Row[], now: readonly Row[], key: (row: Row) => string): Steady<Row>[] {
  const current = new Map(now.map((row) => [key(row), row]));
  const stayed = before.map((row) => {
    const fresh = current.get(key(row));
    current.delete(key(row));
    return { row: fresh ?? row, gone: fresh === undefined };
  });
  return [...stayed, ...[...current.values()].map((row) => ({ row, gone: false }))];
}

/** Whether each word of what was typed is found in one of the texts. */
export function matches(typed: string, texts: (string | null | undefined)[]): boolean {
  const hay = texts.join('\n').toLowerCase();
  return typed.toLowerCase().split(/\s+/).every((word) => hay.includes(word));
}
