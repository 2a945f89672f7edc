// Live streams that repeat themselves: whether they are looked for, and which are refused for it.
import { useState } from 'react';
import { change } from '../../api/client';
import { useLoopDetection, useLooping } from '../../api/queries';
import type { LoopDetection } from '../../api/types';
import { shortKey } from '../../figures/channel';
import { useAct } from '../../parts/act';
import { Ago, Answer, Card, Clock } from '../../parts/small';

const FIELDS = [
  { key: 'threshold_seconds', label: 'Newest media is older than, in seconds', min: 60 },
  { key: 'check_interval_seconds', label: 'Looked at every so many seconds', min: 5 },
  { key: 'retention_minutes', label: 'Refused for so many minutes, 0 for ever', min: 0 },
] as const;

export function Loops() {
  return (
    <>
      <Card title="Look for loops" wide>
        <p class="quiet">A live stream that only repeats what it has is stopped, and refused for a while.</p>
        <Answer query={useLoopDetection()} what="The detection of loops">{(detection) => <Form detection={detection} />}</Answer>
      </Card>
      <Card title="Refused now" wide><Refused /></Card>
    </>
  );
}

function Form({ detection }: { detection: LoopDetection }) {
  const [draft, setDraft] = useState(detection);
  const save = useAct((given: Partial<LoopDetection>) => change('post', '/stream-loop-detection/config', { json: given }), ['loops']);
  const submit = (event: Event) => {
    event.preventDefault();
    const { enabled, threshold_seconds, check_interval_seconds, retention_minutes } = draft;
    save.mutate({ enabled, threshold_seconds, check_interval_seconds, retention_minutes });
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label class="check">
        <input type="checkbox" checked={draft.enabled} onChange={(event) => setDraft({ ...draft, enabled: event.currentTarget.checked })} />
        Look for them
      </label>
      <div class="inline">
        {FIELDS.map(({ key, label, min }) => (
          <label key={key}>
            {label}
            <input type="number" required min={min} value={draft[key]} onInput={(event) => setDraft({ ...draft, [key]: Number(event.currentTarget.value) })} />
          </label>
        ))}
        <button type="submit" class="primary" disabled={save.isPending}>Save</button>
      </div>
      <p class="problem" role="alert">{save.error?.message}</p>
      <p role="status">{save.isSuccess && 'Saved'}</p>
    </form>
  );
}

function Refused() {
  const allow = useAct((id: string) => change('delete', '/looping-streams/{id}', { path: { id } }), ['loops']);
  return (
    <Answer query={useLooping()} what="What is refused">
      {({ looping }) => looping.length === 0 ? <p class="quiet">None.</p> : (
        <>
          <p class="problem" role="alert">{allow.error?.message}</p>
          <ul class="history">
            {looping.map((it) => (
              <li key={it.id}>
                <span class="text" title={it.id}>{shortKey(it.id)}</span>
                <span class="quiet">found <Ago time={it.detected_at} />, refused {it.refused_until ? <>until <Clock time={it.refused_until} /></> : 'for ever'}</span>
                <button type="button" aria-label={`Allow again: ${it.id}`} onClick={() => allow.mutate(it.id)}>Allow again</button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Answer>
  );
}
