// Points over time: joined as they come, and turned into the columns that a chart draws.

/** Adds what is new behind what is there. Points that came before are not added twice. */
export function append<Point extends { at: string }>(before: Point[], more: Point[], pointsMax: number): Point[] {
  const last = before.at(-1)?.at;
  const fresh = last === undefined ? more : more.filter((point) => last < point.at);
  return [...before, ...fresh].slice(-pointsMax);
}

export type Column = (number | null)[];

/**
 * Times in seconds, and a column for each figure. Where nothing was sampled for more than three intervals the lines
 * break: a straight line over an hour of silence would be a lie.
 */
export function columns<Point extends { at: string }>(
  points: Point[],
  intervalSeconds: number,
  figures: ((point: Point) => number | null | undefined)[],
): [number[], ...Column[]] {
  const times: number[] = [];
  const values: Column[] = figures.map(() => []);
  for (const point of points) {
    const at = Date.parse(point.at) / 1000;
    const before = times.at(-1);
    if (before !== undefined && 3 * Math.max(intervalSeconds, 1) < at - before) {
      times.push(before + intervalSeconds);
      for (const column of values) column.push(null);
    }
    times.push(at);
    figures.forEach((figure, index) => values[index]?.push(figure(point) ?? null));
  }
  return [times, ...values];
}
