// What a language must say: everything in a report that is for people, but for the words of other systems.

import type { Reason } from '../reason.ts'
import type { ReportKind } from '../report.ts'

export type Words = {
  /** One line, ASCII. */
  readonly subjects: { readonly [kind in ReportKind]: string }
  readonly postmasterSubjects: { readonly [kind in ReportKind]: string }
  /** Each fits behind a colon, and the second is a sentence. */
  readonly reasons: {
    readonly [reason in Reason]: { readonly what: string; readonly advice: string }
  }
  /** Paragraphs before the words of other systems: what happened, to whom, what to do. */
  opening(facts: Facts): readonly string[]
  /** Paragraphs behind them. */
  closing(facts: Facts): readonly string[]
}

export type Facts = {
  readonly kind: ReportKind
  readonly reader: 'sender' | 'postmaster'
  readonly sender: string
  readonly hostname: string
  readonly postmaster: string
  /** Recipients of one reason together, or of one action where nothing went wrong. */
  readonly outcomes: readonly Outcome[]
  readonly count: number
  /** How long the message has been here, in whole hours. */
  readonly hours: number
  /** `2026-11-29 17:51 UTC`. */
  readonly retriesUntil: string
  readonly returned: 'full' | 'headers' | null
}

export type Outcome = {
  readonly reason: Reason | 'delivered' | 'relayed' | 'expanded' | 'deliverable'
  readonly addresses: readonly Named[]
}

/** Whom mail was for, and whom its sender wrote to. */
export type Named = { readonly address: string; readonly original: string }

/** What a reader takes in at once; all of them stand below. */
const NAMED_MAX = 10

/** Addresses in a sentence. */
export function namesIn(words: {
  readonly behind: string
  readonly and: string
  readonly more: string
}) {
  function named({ addresses }: Pick<Outcome, 'addresses'>): string {
    const some = addresses.slice(0, NAMED_MAX).map(nameOf)
    const more = addresses.length - some.length
    if (more > 0) return `${some.join(', ')} ${words.and} ${more} ${words.more}`
    const last = some.pop() ?? ''
    return some.length === 0 ? last : `${some.join(', ')} ${words.and} ${last}`
  }

  const nameOf = ({ address, original }: Named) =>
    address === original ? `<${address}>` : `<${address}> (${words.behind} <${original}>)`
  const allNamed = (outcomes: readonly Outcome[]) =>
    named({ addresses: outcomes.flatMap(({ addresses }) => addresses) })

  return { named, allNamed }
}
