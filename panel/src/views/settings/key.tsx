// The API key that this browser has, if any.
import { useState } from 'react';
import { forgetKey, isKept, readKey } from '../../api/key';
import { KeyForm } from '../../parts/key-dialog';
import { Card } from '../../parts/small';

export function Key() {
  const [hasKey, setHasKey] = useState(readKey() !== undefined);
  return (
    <Card title="API key" wide>
      <p class="quiet">
        Where Weir was started with API_KEY, it wants that key before it changes anything. It is kept in this browser only, sent as
        a header, and never part of an address.
      </p>
      {hasKey ? (
        <div class="inline">
          <p>This browser has a key{isKept() ? '' : ', until the tab is closed'}.</p>
          <button
            type="button" class="danger"
            onClick={() => {
              forgetKey();
              setHasKey(false);
            }}
          >
            Forget it
          </button>
        </div>
      ) : <KeyForm onGiven={() => setHasKey(true)} />}
    </Card>
  );
}
