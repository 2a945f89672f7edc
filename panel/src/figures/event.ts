// Events in plain words, and which of them a filter lets through.
import type { News, Severity } from '../api/types';
import { matches } from './order';

/** `stream_started` is said as “Stream started”. */
export function kindInWords(kind: string): string {
  const words = kind.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export interface Wanted {
  category: string;
  /** The least that is shown. */
  severity: Severity;
  typed: string;
}

const WEIGHT: Record<Severity, number> = { info: 0, warning: 1, error: 2 };

export function isWanted(news: News, { category, severity, typed }: Wanted): boolean {
  if (category !== '' && news.category !== category) return false;
  if ((WEIGHT[news.severity] ?? 0) < WEIGHT[severity]) return false;
  return matches(typed, [news.message, news.event_type, news.channel, news.container_id, news.stream_id]);
}

/** What came by itself before what was asked for, each once, newest first. */
export function joined(told: readonly News[], asked: readonly News[]): News[] {
  const all = new Map([...asked, ...told].map((news) => [news.id, news]));
  return [...all.values()].sort((a, b) => b.id - a.id);
}
