import { Foreign } from '../kit/format.tsx'
import { t } from '../kit/language.ts'
import type { Difference } from './differences.ts'

/** Read by who cannot tell red from green too: marked, and named. */
export function DifferenceTable({ differences }: { readonly differences: readonly Difference[] }) {
  return (
    <table class="differences">
      <thead>
        <tr>
          <th scope="col">{t('difference.name')}</th>
          <th scope="col">{t('difference.before')}</th>
          <th scope="col">{t('difference.after')}</th>
        </tr>
      </thead>
      <tbody>
        {differences.map(({ name, before, after }) => (
          <tr key={name}>
            <th scope="row" class="mono">
              {name}
            </th>
            <td>
              {before === undefined ? (
                '–'
              ) : (
                <del>
                  <Foreign text={before} isMono />
                </del>
              )}
            </td>
            <td>
              {after === undefined ? (
                '–'
              ) : (
                <ins>
                  <Foreign text={after} isMono />
                </ins>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
