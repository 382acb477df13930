// The list of keys, and the switch for those that are single letters.

import { Button } from '../kit/button.tsx'
import { Dialog, show } from '../kit/dialog.tsx'
import { t } from '../kit/language.ts'
import { areLettersOn, switchLetters } from '../kit/shortcuts.ts'
import { letters, visibleEntries } from './entries.ts'

export function openKeys(): void {
  void show((close) => <Keys close={close} />)
}

function Keys({ close }: { readonly close: () => void }) {
  const rows: readonly (readonly [string, string])[] = [
    ['/  ·  Ctrl K', t('keys.search')],
    ...visibleEntries().map(({ entry }) => [`g ${letters[entry]}`, t(`entry.${entry}`)] as const),
    ['g m', t('me.title')],
    ['j k  ·  ↓ ↑', t('keys.rows')],
    ['x  ·  Shift x', t('keys.select')],
    ['Enter', t('keys.open')],
    ['.', t('keys.actions')],
    ['r', t('keys.reload')],
    ['Esc', t('keys.back')],
    ['?', t('keys.title')],
  ]
  return (
    <Dialog
      title={t('keys.title')}
      onClose={close}
      actions={
        <Button look="filled" autofocus onPress={() => close()}>
          {t('act.close')}
        </Button>
      }
    >
      <dl class="keys">
        {rows.map(([keys, text]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={areLettersOn.value}
          onChange={(event) => switchLetters(event.currentTarget.checked)}
        />
        <span>{t('keys.letters')}</span>
      </label>
    </Dialog>
  )
}
