// Numbers and times as people read them: each with its unit, none without a value.

const ABSENT = '–';
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** 1024 steps, three digits at most: `0 B`, `1.5 KiB`, `213 MiB`. */
export function bytes(count: number | null | undefined): string {
  if (!isCount(count)) return ABSENT;
  let step = 0;
  let value = count;
  // 1023.5 would be rounded to 1024 of the smaller unit.
  while (1023.5 <= value && step < BYTE_UNITS.length - 1) {
    value /= 1024;
    step += 1;
  }
  const digits = step === 0 || 9.95 <= value ? 0 : 1;
  return `${value.toFixed(digits)} ${BYTE_UNITS[step]}`;
}

/** The two largest units: `42 s`, `3 min 5 s`, `2 h 0 min`, `4 d 7 h`. */
export function duration(seconds: number | null | undefined): string {
  if (!isCount(seconds)) return ABSENT;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** The largest unit alone, where a table is read at a glance: `42 s`, `59 min`, `4 d`. */
export function roughly(seconds: number | null | undefined): string {
  return duration(seconds).replace(/^(\d+ \w+) .*$/, '$1');
}

/** Seconds where a tenth matters: a buffer. */
export function seconds(value: number | null | undefined): string {
  return isCount(value) ? `${value.toFixed(1)} s` : ABSENT;
}

/** Seconds where a tenth would only flicker. */
export function wholeSeconds(value: number | null | undefined): string {
  return isCount(value) ? `${Math.round(value)} s` : ABSENT;
}

/** How long ago an ISO 8601 time was. Clocks that differ a little must not show the future. */
export function ago(time: string, now: number): string {
  const then = Date.parse(time);
  return Number.isNaN(then) ? ABSENT : `${duration(Math.max(0, now - then) / 1000)} ago`;
}

/** `1 viewer`, `2 viewers`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** What a player calls itself, as people call it: browsers claim to be each other, others put their version behind a slash. */
export function agent(name: string | null | undefined): string {
  const text = name?.trim();
  if (!text) return 'unnamed player';
  if (!text.startsWith('Mozilla/')) return text.replace(/^([^/\s]+)\/v?(\S+).*$/, '$1 $2');
  for (const [product, called] of BROWSERS) {
    const version = new RegExp(`${product}/(\\d+)`).exec(text)?.[1];
    if (version) return `${called} ${version}`;
  }
  return text;
}

/** The most particular first: an Edge says that it is a Chrome, and that a Safari. */
const BROWSERS = [
  ['Edg', 'Edge'], ['OPR', 'Opera'], ['SamsungBrowser', 'Samsung Internet'], ['Firefox', 'Firefox'], ['HeadlessChrome', 'Headless Chrome'],
  ['Chrome', 'Chrome'], ['Version', 'Safari'],
] as const;

function isCount(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value) && 0 <= value;
}

const RATE_UNITS = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'] as const;

/** 1000 steps, as rates are counted: `820 kbit/s`, `4.2 Mbit/s`. */
export function rate(bitsPerSecond: number | null | undefined): string {
  if (!isCount(bitsPerSecond)) return ABSENT;
  let step = 0;
  let value = bitsPerSecond;
  while (999.5 <= value && step < RATE_UNITS.length - 1) {
    value /= 1000;
    step += 1;
  }
  return `${value.toFixed(step === 0 || 9.95 <= value ? 0 : 1)} ${RATE_UNITS[step]}`;
}

/** An engine counts KB/s. */
export function engineRate(kilobytesPerSecond: number | null | undefined): string {
  return isCount(kilobytesPerSecond) ? rate(kilobytesPerSecond * 8000) : ABSENT;
}

/** What an engine takes and gives; a unit that both have is said once. */
export function engineRates(down: number | null | undefined, up: number | null | undefined): string {
  const [taken = '', unit] = engineRate(down).split(' ');
  const given = engineRate(up);
  return unit && given.endsWith(` ${unit}`) ? `${taken} / ${given}` : `${engineRate(down)} / ${given}`;
}

export function milliseconds(value: number | null | undefined): string {
  if (!isCount(value)) return ABSENT;
  return value < 9995 ? `${Math.round(value).toLocaleString('en')} ms` : `${(value / 1000).toFixed(1)} s`;
}

export function number(value: number | null | undefined): string {
  return isCount(value) ? value.toLocaleString('en') : ABSENT;
}

/** A time as a clock on the wall shows it, with the day where it is another one. */
export function clock(time: string | null | undefined, now: number): string {
  const then = time ? new Date(time) : undefined;
  if (!then || Number.isNaN(then.getTime())) return ABSENT;
  const hour = then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
  const sameDay = then.toDateString() === new Date(now).toDateString();
  return sameDay ? hour : `${then.toLocaleDateString([], { month: 'short', day: 'numeric' })}, ${hour}`;
}
