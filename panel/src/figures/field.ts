// What was typed into a setting's field, judged before Weir is asked; Weir judges it again.
import type { Setting } from '../api/types';

export type Judged = { value: number | string } | { mistake: string };

export function judge(setting: Setting, typed: string): Judged {
  const text = typed.trim();
  if (setting.kind === 'choice') {
    const known = setting.choices?.includes(text);
    return known ? { value: text } : { mistake: `Choose one of ${setting.choices?.join(', ') ?? 'the words'}.` };
  }
  if (text === '') return { mistake: `Give a number: ${range(setting)}.` };
  const value = Number(text.replace(',', '.'));
  if (!Number.isFinite(value)) return { mistake: `This is not a number: ${range(setting)}.` };
  if (setting.kind === 'integer' && !Number.isInteger(value)) return { mistake: 'Give a whole number.' };
  const tooLow = setting.min != null && value < setting.min;
  const tooHigh = setting.max != null && setting.max < value;
  return tooLow || tooHigh ? { mistake: `Give a number ${range(setting)}.` } : { value };
}

/** `5 to 100`, `0.1 to 2 s`. */
export function range({ min, max, unit }: Pick<Setting, 'min' | 'max' | 'unit'>): string {
  const words = unitOf(unit);
  return `${min ?? 0} to ${max ?? '∞'}${words && ` ${words}`}`;
}

const UNITS: Record<string, string> = { seconds: 's', second: 's', count: '', target_durations: 'target durations', bytes: 'B' };

/** How a unit is written behind its number. */
export function unitOf(unit: string | null | undefined): string {
  return UNITS[unit ?? ''] ?? unit ?? '';
}

/** A setting's name as people say it: `hls_max_segments` in the card of HLS is “Max segments”. */
export function labelOf({ key }: Pick<Setting, 'key'>): string {
  const words = key.replace(/^hls_/, '').replace(/^ts_/, 'TS ').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export type Saving =
  | { state: 'still' }
  | { state: 'typing' }
  | { state: 'wrong'; message: string }
  | { state: 'saving' }
  | { state: 'saved' }
  | { state: 'failed'; message: string };

/** What is said beside a field. */
export function said(saving: Saving): string {
  switch (saving.state) {
    case 'still':
      return '';
    case 'typing':
      return 'Not saved yet';
    case 'saving':
      return 'Saving…';
    case 'saved':
      return 'Saved';
    case 'wrong':
    case 'failed':
      return saving.message;
  }
}

/** Which of the server's complaints belongs to the field: its own, or else what was said of the whole. */
export function complaintFor(key: string, errors: readonly { field: string; message: string }[], detail: string): string {
  return errors.find((it) => it.field === key)?.message ?? detail;
}
