// A short list with all of its rows in the page, each of which may be taken away. Long ones are `table.tsx`.

import type { ComponentChildren } from 'preact'
import { Button } from './button.tsx'
import { confirm } from './dialog.tsx'
import { t } from './language.ts'
import { toast } from './toast.tsx'

export function PlainTable<Row>({
  columns,
  rows,
  keyOf,
  remove,
  isWide = false,
}: {
  /** The first says what the row is about. */
  readonly columns: readonly {
    readonly title: string
    readonly cell: (row: Row) => ComponentChildren
  }[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly remove?: {
    readonly label: (row: Row) => string
    readonly act: (row: Row) => unknown
  }
  readonly isWide?: boolean
}) {
  return (
    <div class="scroll-x">
      <table {...(isWide && { class: 'wide' })}>
        <thead>
          <tr>
            {columns.map(({ title }) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
            {remove && (
              <th scope="col">
                <span class="unseen">{t('table.actions')}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ title, cell }, i) =>
                i === 0 ? (
                  <th key={title} scope="row">
                    {cell(row)}
                  </th>
                ) : (
                  <td key={title}>{cell(row)}</td>
                ),
              )}
              {remove && (
                <td class="number">
                  <Button aria-label={remove.label(row)} onPress={() => remove.act(row)}>
                    {t('act.remove')}
                  </Button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Asks, takes it away, and says so with the way back. */
export async function removeAsked({
  title,
  text,
  act,
  told,
  undo,
  changed,
}: {
  readonly title: string
  readonly text: string
  readonly act: () => Promise<unknown>
  readonly told: string
  readonly undo: () => Promise<unknown>
  readonly changed: () => void
}): Promise<void> {
  const verb = t('act.remove')
  if (!(await confirm({ title, text: <p>{text}</p>, verb, isDangerous: true, act }))) return
  toast({
    text: told,
    undo: async () => {
      await undo()
      changed()
    },
  })
  changed()
}
