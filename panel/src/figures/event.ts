// Events in plain words, and which of them a filter lets through.
import type { News } from '../api/types';
import { matches } from './order';

/** `stream_started` is said as “Stream started”. */
export function kindInWords(kind: string): string {
  const words = kind.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** How much an event matters, the least first. */
export type Severity = News['severity'];
export const SEVERITIES: readonly Severity[] = ['info', 'warning', 'error'];

export interface Wanted {
  category: string;
  /** The least that is shown. */
  severity: Severity;
  typed: string;
}

/** `name` is what its channel is called. */
export function isWanted(news: News, { category, severity, typed }: Wanted, name = ''): boolean {
  if (category !== '' && news.category !== category) return false;
  if (weight(news.severity) < weight(severity)) return false;
  return matches(typed, [name, news.message, news.event_type, news.channel, news.container_id, news.stream_id]);
}

/** What a later Weir has written in another word weighs nothing. */
function weight(severity: Severity): number {
  return Math.max(0, SEVERITIES.indexOf(severity));
}

/** What came by itself before what was asked for, each once, newest first. */
export function joined(told: readonly News[], asked: readonly News[]): News[] {
  const all = new Map([...asked, ...told].map((news) => [news.id, news]));
  return [...all.values()].sort((a, b) => b.id - a.id);
}
