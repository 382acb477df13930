// Horizontal bars beside their numbers: a table, so that it is its own alternative.

import { Foreign } from '../kit/format.tsx'
import type { Tone } from '../plots/series.ts'

export type Bar = {
  readonly label: string
  readonly value: number
  readonly text: string
  /** Where more of it is told. */
  readonly href?: string
}

export function Bars({
  title,
  unit,
  bars,
  tone,
}: {
  readonly title: string
  /** Heading of the numbers. */
  readonly unit: string
  readonly bars: readonly Bar[]
  readonly tone: Tone
}) {
  const most = Math.max(1, ...bars.map(({ value }) => value))
  return (
    <table class="bars">
      <caption class="unseen">{title}</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">{title}</th>
          <th scope="col">{unit}</th>
        </tr>
      </thead>
      <tbody>
        {bars.map(({ label, value, text, href }) => (
          <tr key={label}>
            <th scope="row">
              {href === undefined ? (
                <Foreign text={label} />
              ) : (
                <a href={href}>
                  <Foreign text={label} />
                </a>
              )}
            </th>
            <td>
              <span class={`bar-fill tone-${tone}`} style={{ width: `${(70 * value) / most}%` }} />
              <span class="number">{text}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
