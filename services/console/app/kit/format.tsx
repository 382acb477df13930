// Figures and times in the language of the page.

import { useEffect, useState } from 'preact/hooks'
import {
  bytesText,
  countText,
  durationText,
  moneyText,
  relativeText,
  spanText,
  timeText,
} from './figures.ts'
import { locale } from './language.ts'

export const formatBytes = (bytes: number) => bytesText(bytes, locale.value)
export const formatCount = (count: number) => countText(count, locale.value)
export const formatMoney = (amount: number, currency: string) =>
  moneyText(amount, currency, locale.value)
export const formatDuration = (ms: number) => durationText(ms, locale.value)
/** Of `3d`, as the API writes it. */
export const formatSpan = (span: string) => spanText(span, locale.value)
export const formatTime = (atMs: number) => timeText(atMs, Date.now(), locale.value)

const TURN_MS = 20_000

/** Stays true while it is looked at; the exact time, in UTC too, is its title. */
export function Ago({ at }: { readonly at: string | number }) {
  const [, turn] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => turn((count) => count + 1), TURN_MS)
    return () => clearInterval(timer)
  }, [])
  const atMs = new Date(at).getTime()
  if (Number.isNaN(atMs)) return <span>{String(at)}</span>
  const iso = new Date(atMs).toISOString()
  return (
    <time dateTime={iso} title={`${formatTime(atMs)} · ${iso}`}>
      {relativeText(atMs, Date.now(), locale.value)}
    </time>
  )
}

export function Time({ at }: { readonly at: string | number }) {
  const atMs = new Date(at).getTime()
  if (Number.isNaN(atMs)) return <span>{String(at)}</span>
  const iso = new Date(atMs).toISOString()
  return (
    <time dateTime={iso} title={iso}>
      {formatTime(atMs)}
    </time>
  )
}

const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu

/** Text of strangers: what is not seen, or turns the line around, is shown as a box with its number. */
export function Foreign({
  text,
  isMono = false,
  hasLines = false,
}: {
  readonly text: string
  readonly isMono?: boolean
  /** Ends of lines and tabs are what they are, in a `pre`. */
  readonly hasLines?: boolean
}) {
  const parts: (string | preact.JSX.Element)[] = []
  let from = 0
  for (const found of text.matchAll(HIDDEN)) {
    if (hasLines && /[\t\n]/.test(found[0])) continue
    if (found.index > from) parts.push(text.slice(from, found.index))
    const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    parts.push(
      <span class="box" title={`U+${code}`}>
        {code}
      </span>,
    )
    from = found.index + found[0].length
  }
  parts.push(text.slice(from))
  return (
    <bdi class={isMono ? 'foreign mono' : 'foreign'} dir="auto">
      {parts}
    </bdi>
  )
}
