// What was changed, when and by whom; each change can be taken back.
import { change } from '../../api/client';
import { useSettingsHistory } from '../../api/queries';
import type { SettingsChange } from '../../api/types';
import { labelOf } from '../../figures/field';
import { useAct } from '../../parts/act';
import { Answer, Card, Clock } from '../../parts/small';

export function History() {
  const query = useSettingsHistory();
  const undo = useAct((revision: number) => change('post', '/api/v1/settings/undo', { json: { revision } }), ['settings']);
  return (
    <Card title="History" wide>
      {undo.error && <p class="problem" role="alert">{undo.error.message}</p>}
      <Answer query={query} what="The history">
        {({ changes }) => changes.length === 0 ? <p class="quiet">Nothing was changed yet.</p> : (
          <ol class="history">
            {changes.map((it) => (
              <li key={it.revision}>
                <span class="at"><Clock time={it.at} /></span>
                <span class="text">{inWords(it)} <span class="quiet">by {it.who}</span></span>
                <button type="button" disabled={undo.isPending} aria-label={`Undo: ${inWords(it)}`} onClick={() => undo.mutate(it.revision)}>Undo</button>
              </li>
            ))}
          </ol>
        )}
      </Answer>
    </Card>
  );
}

function inWords({ changes }: SettingsChange): string {
  return changes.map((it) => `${labelOf(it)} ${it.from ?? 'unset'} → ${it.to ?? 'unset'}`).join(', ');
}
