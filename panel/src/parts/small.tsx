// Small things that every view uses: states, times, bars, facts, and what is shown when there is nothing else.
import type { UseQueryResult } from '@tanstack/react-query';
import type { ComponentChildren } from 'preact';
import { ApiError, isAboutKey } from '../api/client';
import { askForKey } from '../api/key';
import { ago, clock } from '../figures/format';
import { useNow } from './now';

/** What colour a word has: colour means state, and never stands alone. */
export type Tone = 'good' | 'warning' | 'bad' | 'quiet' | 'info';

const TONES: Record<string, Tone> = {
  good: 'good', live: 'good', healthy: 'good', ok: 'good',
  strained: 'warning', starting: 'info', lingering: 'quiet', stalled: 'bad', draining: 'warning', warning: 'warning',
  failed: 'bad', unhealthy: 'bad', error: 'bad',
};

export function toneOf(word: string): Tone {
  return TONES[word] ?? 'quiet';
}

export function Badge({ word, tone = toneOf(word), title }: { word: string; tone?: Tone; title?: string | undefined }) {
  return <span class="badge" data-tone={tone} title={title}>{word}</span>;
}

/** How long ago, with the exact time on hover. */
export function Ago({ time }: { time: string | null | undefined }) {
  const now = useNow();
  if (!time) return <>–</>;
  return <time dateTime={time} title={new Date(time).toLocaleString()}>{ago(time, now)}</time>;
}

/** The exact time, with how long ago on hover. */
export function Clock({ time }: { time: string }) {
  const now = useNow();
  return <time dateTime={time} title={ago(time, now)}>{clock(time, now)}</time>;
}

interface BarProps {
  /** 0 to 1. */
  value: number;
  label: string;
  tone?: Tone;
  children?: ComponentChildren;
}

export function Bar({ value, label, tone = 'good', children }: BarProps) {
  const part = Math.min(1, Math.max(0, Number.isFinite(value) ? value : 0));
  return (
    <span class="bar" data-tone={tone}>
      <span class="track" role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(part * 100)}>
        <span class="level" style={{ width: `${part * 100}%` }} />
      </span>
      {children !== undefined && <span class="amount">{children}</span>}
    </span>
  );
}

export function Fact({ name, children, title, long }: { name: string; children: ComponentChildren; title?: string; long?: boolean }) {
  return (
    <div title={title} class={long ? 'long' : undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Card({ title, actions, children, wide, label }: {
  title?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
  wide?: boolean;
  label?: string;
}) {
  return (
    <section class={`card ${wide ? 'wide' : ''}`} aria-label={label ?? (typeof title === 'string' ? title : undefined)}>
      {(title !== undefined || actions !== undefined) && (
        <header>
          <h2>{title}</h2>
          {actions !== undefined && <div class="actions">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="title">{title}</p>
      {children !== undefined && <div class="quiet">{children}</div>}
    </div>
  );
}

/** What stands in the place of data that is not there yet, or could not be had. */
export function Answer<T>({ query, what, children }: { query: UseQueryResult<T>; what: string; children: (data: T) => ComponentChildren }) {
  if (query.data !== undefined) {
    return (
      <>
        {query.isError && <p class="problem" role="status">Shown is what Weir said last: {query.error.message}</p>}
        {children(query.data)}
      </>
    );
  }
  if (query.isError) return <Failed query={query} what={what} />;
  return <p class="quiet loading" role="status">Loading…</p>;
}

function Failed<T>({ query, what }: { query: UseQueryResult<T>; what: string }) {
  const { error } = query;
  if (error instanceof ApiError && isAboutKey(error)) {
    const give = async () => {
      if (await askForKey(false)) await query.refetch();
    };
    return <p>{what} are shown to those who have the API key. <button type="button" onClick={() => void give()}>Give the key</button></p>;
  }
  return <p class="problem" role="status">{what} could not be loaded: {error?.message}</p>;
}
