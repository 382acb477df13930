// What happened, in its order: each with its time since the one it began with.

import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from '../kit/icon.tsx'

export type Moment = {
  readonly key: string
  readonly atMs: number
  readonly look: 'ok' | 'warn' | 'bad' | 'info'
  /** One word. */
  readonly what: string
  readonly text: ComponentChildren
  readonly more?: ComponentChildren
}

const icons = { ok: 'check', warn: 'warn', bad: 'bad', info: 'info' } as const satisfies {
  readonly [look in Moment['look']]: IconName
}

export function TimeLine({
  label,
  moments,
}: {
  readonly label: string
  readonly moments: readonly Moment[]
}) {
  const [first] = moments
  return (
    <ol class="time-line" aria-label={label}>
      {moments.map(({ key, atMs, look, what, text, more }) => (
        <li key={key} class={look}>
          <Icon name={icons[look]} />
          <time
            class="mono"
            dateTime={new Date(atMs).toISOString()}
            title={new Date(atMs).toISOString()}
          >
            {atMs === first?.atMs ? clock(atMs) : since(atMs - (first?.atMs ?? atMs))}
          </time>
          <strong>{what}</strong>
          <div>
            {text}
            {more && <div class="meta">{more}</div>}
          </div>
        </li>
      ))}
    </ol>
  )
}

const two = (value: number) => String(value).padStart(2, '0')

/** In the reader's time, to the millisecond. */
function clock(atMs: number): string {
  const at = new Date(atMs)
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')
  return `${time}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

/** +0.310 s, +4 min 5 s, +2 h 10 min, +3 d 4 h. */
export function since(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 60) return `+${seconds.toFixed(3)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `+${minutes} min ${Math.floor(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `+${hours} h ${minutes % 60} min`
  return `+${Math.floor(hours / 24)} d ${hours % 24} h`
}
