// Everything an operator set, out as a file and in again.
import { useRef, useState } from 'react';
import { change, download } from '../../api/client';
import type { Exported } from '../../api/types';
import { useAct } from '../../parts/act';
import { Confirm } from '../../parts/dialog';
import { saveAs } from '../../parts/save-as';
import { Card } from '../../parts/small';

/** What is exported is a few KiB; a larger file is another one. */
const FILE_BYTES_MAX = 1_000_000;

export function Backup() {
  const [secrets, setSecrets] = useState(false);
  const [chosen, setChosen] = useState<{ name: string; text: string }>();
  const [mistake, setMistake] = useState('');
  const [asking, setAsking] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const save = useAct(() => saveFile(secrets), []);
  const load = useAct((text: string) => change('post', '/settings/import', { json: JSON.parse(text) as Exported }), ['settings', 'engines', 'webhooks', 'overview']);

  const choose = async (given: File | undefined) => {
    setMistake('');
    setChosen(undefined);
    if (!given) return;
    const text = given.size <= FILE_BYTES_MAX ? await given.text() : '';
    if (isJson(text)) setChosen({ name: given.name, text });
    else setMistake(`${given.name} is not a file that was exported here.`);
  };

  return (
    <Card title="Backup" wide>
      <p class="quiet">Settings, added engines, webhooks and what repeats itself, as one file. Taking one in changes all of it or nothing.</p>
      <div class="inline">
        <button type="button" class="primary" disabled={save.isPending} onClick={() => save.mutate()}>Export</button>
        <label class="check">
          <input type="checkbox" checked={secrets} onChange={(event) => setSecrets(event.currentTarget.checked)} />
          With the secrets of webhooks
        </label>
      </div>
      <div class="inline">
        <label>
          A file that was exported
          <input ref={file} type="file" accept="application/json,.json" onChange={(event) => void choose(event.currentTarget.files?.[0])} />
        </label>
        <button type="button" disabled={!chosen || load.isPending} onClick={() => setAsking(true)}>Import</button>
      </div>
      <p class="problem" role="alert">{mistake || save.error?.message || load.error?.message}</p>
      <p role="status">{load.isSuccess && 'It was taken in.'}</p>
      {asking && chosen && (
        <Confirm title={`Import ${chosen.name}?`} action="Import" onConfirm={() => load.mutate(chosen.text)} onClose={() => setAsking(false)}>
          <p>What is set now is replaced by what the file says.</p>
        </Confirm>
      )}
    </Card>
  );
}

async function saveFile(secrets: boolean) {
  saveAs(await download('/settings/export', { query: { secrets: secrets || undefined } }), 'weir-settings.json');
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}
