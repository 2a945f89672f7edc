// How long to wait before the next attempt to be told things live.

/** Soon enough that a restart of Weir is hardly seen. */
const FIRST_MILLISECONDS = 500;

/** Many panels that are open somewhere do not hinder a Weir that is in trouble. */
const LONGEST_MILLISECONDS = 15_000;

/** Doubles with each failure, less up to a quarter, so that panels do not come back all at once. */
export function backoff(failures: number, random: number): number {
  const whole = Math.min(LONGEST_MILLISECONDS, FIRST_MILLISECONDS * 2 ** Math.min(failures, 10));
  return Math.round(whole * (1 - random / 4));
}
