// What went wrong, in words: by the code of the problem and the name of the rule, with their numbers; the server's own English sentence
// where nobody wrote a text for it.

import {
  ApiFailure,
  type Fault,
  localProblem,
  type Problem,
  readProblem,
  Unreachable,
} from '../api/problem.ts'
import { formatBytes } from './format.tsx'
import { t, tIfKnown } from './language.ts'
import { toast } from './toast.tsx'

export function explainFailure(failure: unknown): string {
  if (failure instanceof Unreachable) return t('failure.unreachable')
  if (failure instanceof ApiFailure) return explainProblem(failure.problem)
  const passkey = explainPasskey(failure)
  return passkey ?? t('failure.bug')
}

/** What the browser says of a passkey, by the names of WebAuthn (Level 3 §5.1). */
function explainPasskey(failure: unknown): string | undefined {
  if (!(failure instanceof Error)) return undefined
  // The page is under another name than the one that passkeys here are made for.
  if (failure.name === 'SecurityError') {
    return t('failure.passkeyDomain', { host: window.location.hostname })
  }
  if (failure.name === 'NotAllowedError') return t('failure.passkeyRefused')
  return failure.name === 'InvalidStateError' ? t('failure.passkeyThere') : undefined
}

export function explainProblem(problem: Problem): string {
  const [fault] = problem.errors
  const own = tIfKnown(
    `problem.${problem.code}`,
    factsOf({ ...problem.refusal, ...problem, value: fault?.value }),
  )
  if (own !== undefined) return own
  return fault === undefined ? problem.detail || problem.title : explainFault(fault, problem)
}

/** A refusal of a row of many, which has no problem around it. */
export function explainRefusal(refusal: {
  readonly kind: string
  readonly [fact: string]: unknown
}): string {
  return explainProblem(
    readProblem(422, { code: refusal.kind, detail: refusal.kind, refusal, errors: [refusal] }),
  )
}

export function explainFault(fault: Fault, problem?: Problem): string {
  const { rule, value } = fault
  const name = typeof rule === 'object' ? rule.name : rule
  const facts = typeof rule === 'object' ? factsOf({ ...rule, value }) : factsOf({ value })
  return (
    tIfKnown(`rule.${name}`, facts) ??
    fault.detail ??
    (typeof rule === 'string' && rule.includes(' ') ? rule : undefined) ??
    problem?.detail ??
    ''
  )
}

/** What is wrong with a code stands beside the field that it was typed into, which has the focus again. */
export async function asToCode<T>(done: Promise<T>): Promise<T> {
  try {
    return await done
  } catch (error) {
    const isWrong =
      error instanceof ApiFailure && /^wrong-(factor|answer)$/.test(error.problem.code)
    throw isWrong ? new ApiFailure(localProblem('/code', explainFailure(error))) : error
  }
}

/** As words and numbers of a text. */
export function factsOf(facts: { readonly [name: string]: unknown }): {
  readonly [name: string]: string | number
} {
  const said: { [name: string]: string | number } = {}
  for (const [name, value] of Object.entries(facts)) {
    if (name.endsWith('Bytes') && typeof value === 'number') said[name] = formatBytes(value)
    else if (typeof value === 'string' || typeof value === 'number') said[name] = value
    else if (Array.isArray(value)) said[name] = value.join(', ')
    else if (value !== undefined && value !== null) said[name] = JSON.stringify(value)
  }
  return said
}

export function tellFailure(failure: unknown): void {
  // Given up by whoever asked; nothing is to be told.
  if (failure instanceof DOMException && failure.name === 'AbortError') return
  if (!(failure instanceof ApiFailure) && !(failure instanceof Unreachable)) console.error(failure)
  toast({ text: explainFailure(failure), look: 'bad' })
}
