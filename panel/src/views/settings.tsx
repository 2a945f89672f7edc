// What an operator can set, made from what Weir says of its settings: cards, history, and what is set besides.
import { useEffect, useRef, useState } from 'react';
import { useSettings } from '../api/queries';
import type { Setting } from '../api/types';
import { actsIn, PHASES } from '../figures/life';
import { labelOf } from '../figures/field';
import { Answer, Card } from '../parts/small';
import { to } from '../route';
import { Backup } from './settings/backup';
import { Field } from './settings/field';
import { History } from './settings/history';
import { Key } from './settings/key';
import { Loops } from './settings/loops';
import { Playlists } from './settings/playlists';
import { Webhooks } from './settings/webhooks';

/** Shown only while HLS is what is served. */
const HLS_CARD = 'HLS Buffering Settings';

const SECTIONS = { proxy: 'Proxy', playlists: 'Playlists', loops: 'Loops', webhooks: 'Webhooks', backup: 'Backup', key: 'API key' } as const;
type Section = keyof typeof SECTIONS;

export function Settings({ section: given }: { section: string | undefined }) {
  const section: Section = given !== undefined && given in SECTIONS ? (given as Section) : 'proxy';
  const tabs = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone they are wider than the page.
    tabs.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [section]);
  return (
    <>
      <header class="head"><h1>Settings</h1></header>
      <nav ref={tabs} class="tabs" aria-label="Sections">
        <ul>
          {Object.entries(SECTIONS).map(([id, name]) => (
            <li key={id}><a href={to('settings', id)} aria-current={id === section ? 'page' : undefined}>{name}</a></li>
          ))}
          <li><a href={to('engines')}>Engines</a></li>
        </ul>
      </nav>
      {section === 'proxy' && <Proxy />}
      {section === 'playlists' && <Playlists />}
      {section === 'loops' && <Loops />}
      {section === 'webhooks' && <Webhooks />}
      {section === 'backup' && <Backup />}
      {section === 'key' && <Key />}
    </>
  );
}

function Proxy() {
  const query = useSettings();
  const [focused, setFocused] = useState<string>();
  return (
    <Answer query={query} what="The settings">
      {({ settings }) => (
        <>
          <TimeLine focused={settings.find((it) => it.key === focused)} />
          {cardsOf(settings).map(([card, members]) => (
            <Card key={card} title={card} wide>
              <div class="fields" onFocusCapture={(event: FocusEvent) => setFocused((event.target as HTMLElement).dataset['setting'])}>
                {members.map((setting) => <Field key={setting.key} setting={setting} />)}
              </div>
            </Card>
          ))}
          <History />
        </>
      )}
    </Answer>
  );
}

/** Cards in the order in which Weir names them; those that would have no effect now are left out. */
function cardsOf(settings: Setting[]): [string, Setting[]][] {
  const isHls = settings.find((it) => it.key === 'stream_mode')?.value === 'HLS';
  const cards = new Map<string, Setting[]>();
  for (const setting of settings) {
    if (setting.card === HLS_CARD && !isHls) continue;
    cards.set(setting.card, [...(cards.get(setting.card) ?? []), setting]);
  }
  return [...cards];
}

/** When in a channel's life the setting acts that one is at. */
function TimeLine({ focused }: { focused: Setting | undefined }) {
  const acts = focused ? actsIn(focused.key) : [];
  return (
    <section class="card life" aria-label="When it acts">
      <ol>
        {PHASES.map((phase) => (
          <li key={phase.id} data-acts={acts.includes(phase.id)} title={phase.what}>
            <span>{phase.name}</span>
          </li>
        ))}
      </ol>
      <p class="quiet" role="status">{focused ? sentence(focused, acts.length) : 'A channel’s life. Go to a setting to see when in it that acts.'}</p>
    </section>
  );
}

function sentence(setting: Setting, phases: number): string {
  const name = labelOf(setting);
  if (phases === 0) return `${name} is not bound to a time in a channel’s life.`;
  const names = PHASES.filter((it) => actsIn(setting.key).includes(it.id)).map((it) => it.name.toLowerCase());
  return `${name} acts while a channel is ${names.join(', ')}.`;
}
