// Lists for players: what Weir knows by name, and one's own list turned into one that leads here.
import { useState } from 'react';
import { address, change } from '../../api/client';
import { useAct } from '../../parts/act';
import { Link } from '../../parts/link';
import { saveAs } from '../../parts/save-as';
import { Card } from '../../parts/small';

const MODES = { '': 'as each entry says', hls: 'HLS', ts: 'TS' };

export function Playlists() {
  const [mode, setMode] = useState<keyof typeof MODES>('');
  const [file, setFile] = useState<File>();
  const turn = useAct(() => rewrite(file, mode), []);
  const list = (wanted: string) => address('/playlist.m3u', { query: { mode: wanted } }).href;
  return (
    <>
      <Card title="All that Weir knows by name" wide>
        <div class="stack">
          <Link label="Playlist, as HLS" url={list('hls')} />
          <Link label="Playlist, as TS" url={list('ts')} />
        </div>
      </Card>
      <Card title="A playlist of your own" wide>
        <p class="quiet">Ids, acestream:// links, magnets and links of other engines in it are turned into links of this Weir. All else stays as it is.</p>
        <div class="inline">
          <label>
            Playlist (M3U)
            <input type="file" accept=".m3u,.m3u8,audio/x-mpegurl" onChange={(event) => setFile(event.currentTarget.files?.[0])} />
          </label>
          <label>
            Played
            <select value={mode} onChange={(event) => setMode(event.currentTarget.value as keyof typeof MODES)}>
              {Object.entries(MODES).map(([value, name]) => <option key={value} value={value}>{name}</option>)}
            </select>
          </label>
          <button type="button" class="primary" disabled={!file || turn.isPending} onClick={() => turn.mutate()}>Turn and save</button>
        </div>
        <p role="status">{turn.data}</p>
        <p class="problem" role="alert">{turn.error?.message}</p>
      </Card>
    </>
  );
}

async function rewrite(file: File | undefined, mode: string): Promise<string> {
  if (!file) return '';
  const answer = await change('post', '/api/v1/playlists/rewrite', { query: { mode }, text: await file.text() });
  const count = (name: string) => Number(answer.headers.get(`x-playlist-${name}`) ?? 0);
  saveAs(await answer.blob(), file.name.replace(/(\.m3u8?)?$/i, '-weir.m3u'));
  const refused = count('not-allowed');
  return `Lead here now: ${count('rewritten')}. As they were: ${count('kept')}.${refused === 0 ? '' : ` Not allowed here: ${refused}.`}`;
}
