// One setting: checked while it is typed, saved by itself after a pause, and what became of that.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useId, useRef, useState } from 'react';
import { ApiError, change } from '../../api/client';
import type { Setting } from '../../api/types';
import { complaintFor, judge, labelOf, range, said, type Saving, unitOf } from '../../figures/field';

/** Who types a number of two digits has typed both by then. */
const PAUSE_MILLISECONDS = 700;

/** How long "Saved" stays. */
const SAVED_MILLISECONDS = 4000;

export function Field({ setting }: { setting: Setting }) {
  const id = useId();
  const { text, saving, type, reset } = useField(setting);
  const label = labelOf(setting);
  const isWrong = saving.state === 'wrong' || saving.state === 'failed';
  const common = {
    id,
    'data-setting': setting.key,
    'aria-invalid': isWrong,
    'aria-describedby': `${id}-sentence ${id}-state`,
  };
  return (
    <div class="field" data-state={saving.state}>
      <div class="name">
        <label for={id}>{label}</label>
        <span id={`${id}-state`} class="state" role="status">{said(saving)}</span>
      </div>
      <div class="row">
        {setting.kind === 'choice' ? (
          <select {...common} value={text} onChange={(event) => type(event.currentTarget.value, 0)}>
            {setting.choices?.map((choice) => <option key={choice}>{choice}</option>)}
          </select>
        ) : (
          <input
            {...common} type="text" inputMode={setting.kind === 'integer' ? 'numeric' : 'decimal'} value={text} autoComplete="off"
            onInput={(event) => type(event.currentTarget.value, PAUSE_MILLISECONDS)}
          />
        )}
        {unitOf(setting.unit) && <span class="unit quiet">{unitOf(setting.unit)}</span>}
        <button
          type="button" class="plain reset" disabled={String(setting.value) === String(setting.default)} aria-label={`Reset ${label} to ${setting.default}`}
          onClick={reset}
        >
          Reset
        </button>
      </div>
      <p id={`${id}-sentence`} class="quiet">{setting.sentence}</p>
      <p class="origin quiet">
        {setting.kind !== 'choice' && <span>{range(setting)}</span>}
        <span>default {setting.default}</span>
        {setting.environment != null && <span title={`${setting.variable} says so`}>environment {setting.environment}</span>}
        <span>{ORIGINS[setting.origin]}</span>
      </p>
      {setting.warning && <p class="note" data-tone="warning">{setting.warning}</p>}
    </div>
  );
}

const ORIGINS = { saved: 'set here', environment: 'from the environment', default: 'as it comes' };

/** What is typed, and what became of it. A value that changes elsewhere is shown unless one is typing. */
function useField(setting: Setting) {
  const queries = useQueryClient();
  const [typed, setTyped] = useState<string>();
  const [saving, setSaving] = useState<Saving>({ state: 'still' });
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const save = async (value: number | string, text: string) => {
    setSaving({ state: 'saving' });
    try {
      await inTurn(() => change('post', '/proxy/config', { json: { [setting.key]: value } }));
      await queries.invalidateQueries({ queryKey: ['settings'] });
      // Whoever typed on in the meantime is not to lose it.
      setTyped((now) => (now === text ? undefined : now));
      setSaving((now) => (now.state === 'saving' ? { state: 'saved' } : now));
      timer.current = setTimeout(() => setSaving((now) => (now.state === 'saved' ? { state: 'still' } : now)), SAVED_MILLISECONDS);
    } catch (error) {
      const fields = error instanceof ApiError ? error.fields : [];
      setSaving({ state: 'failed', message: complaintFor(setting.key, fields, (error as Error).message) });
    }
  };

  const type = (text: string, pause: number) => {
    clearTimeout(timer.current);
    setTyped(text);
    const judged = judge(setting, text);
    if ('mistake' in judged) {
      setSaving({ state: 'wrong', message: judged.mistake });
      return;
    }
    setSaving({ state: 'typing' });
    timer.current = setTimeout(() => void save(judged.value, text), pause);
  };

  return { text: typed ?? String(setting.value), saving, type, reset: () => type(String(setting.default), 0) };
}

/** One change after the other, in the order in which they were typed. */
let last: Promise<unknown> = Promise.resolve();

function inTurn<T>(act: () => Promise<T>): Promise<T> {
  const next = last.then(act, act);
  last = next.catch(() => undefined);
  return next;
}
