// What is done with the rows that are chosen; it stands at the lower edge while some are.

import type { ComponentChildren } from 'preact'
import { Button } from './button.tsx'
import { formatCount } from './format.tsx'
import { t } from './language.ts'
import type { Selection } from './selection.ts'

export function BulkBar({
  selection,
  matching,
  children,
}: {
  readonly selection: Selection
  /** How many match the filter, where a job may run on all of them; undefined: only rows that are shown can be chosen. */
  readonly matching?: number | undefined
  readonly children: ComponentChildren
}) {
  const { count, isAllThatMatch } = selection
  if (count === 0 && !isAllThatMatch) return null
  return (
    <div class="bulk">
      <span role="status">
        {t('table.selected', { count: isAllThatMatch ? (matching ?? count) : count })}
      </span>
      {matching !== undefined && !isAllThatMatch && matching > count && (
        <Button look="quiet" onPress={() => selection.chooseAllThatMatch()}>
          {t('table.allThatMatch', { count: formatCount(matching) })}
        </Button>
      )}
      {children}
      <Button
        look="quiet"
        icon="close"
        aria-label={t('table.clear')}
        onPress={() => selection.clear()}
      />
    </div>
  )
}
