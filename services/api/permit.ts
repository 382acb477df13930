// Whether who asks may, of what the operation is about.

import type { Refusal } from '#shared/administration/refusals.ts'
import type { Actor, Extent } from '#shared/administration/rights/actor.ts'
import { allowed, extentOf, mayEver, type Rule } from '#shared/administration/rights/allowed.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { ApiDeps } from './deps.ts'
import type { AnyInput, Operation } from './operation.ts'
import type { ProblemFacts } from './problem.ts'
import type { Found } from './subjects.ts'

/** `found`: what it is about, once that was looked for. */
export type Permission = { readonly found?: Found | undefined } & (
  | { readonly kind: 'yes'; readonly extent: Extent }
  | { readonly kind: 'no'; readonly rule: Rule }
  | {
      readonly kind: 'missing'
      readonly refusal: Refusal
      /** It is there. */
      readonly isUnseen: boolean
    }
)

const all = { kind: 'yes', extent: { kind: 'all' } } as const

export async function permit(
  deps: ApiDeps,
  { access }: Operation,
  input: AnyInput,
  actor: Actor | null,
  nowMs: number,
): Promise<Permission> {
  if (access.kind === 'open' || actor === null) return all
  const { right } = access
  const rule = ruleAgainst({ access }, actor)
  if (rule !== undefined) return { kind: 'no', rule }
  const found = await access.subjectOf(input)(deps, actor)
  const { subject, missing } = found
  if (subject === undefined) return { kind: 'missing', refusal: missing, isUnseen: false }
  if (right === 'signed-in') return { ...all, found }
  const answer = allowed(actor, right, subject, nowMs)
  if (answer.kind === 'no') return { ...answer, found }
  // That there is a system is no secret.
  const isUnseen = answer.kind === 'unseen'
  if (isUnseen && subject.kind !== 'system') {
    return { kind: 'missing', refusal: missing, isUnseen, found }
  }
  const extent = subject.kind === 'list' ? extentOf(actor, right) : all.extent
  if (!isUnseen && extent !== undefined) return { kind: 'yes', extent, found }
  return { kind: 'no', rule: { name: 'no-right', right, role: actor.role }, found }
}

/** What is the same for all that it could be about, and is asked first: nobody learns by it what is there. Undefined: nothing. */
export function ruleAgainst(
  { access }: Pick<Operation, 'access'>,
  actor: Actor | null,
): Rule | undefined {
  if (access.kind === 'open' || access.right === 'signed-in' || actor === null) return undefined
  const ever = mayEver(actor, access.right)
  return ever.kind === 'no' ? ever.rule : undefined
}

export function problemOfRule(rule: Rule): ProblemFacts {
  const facts = { status: 403, more: { rule } }
  switch (rule.name) {
    case 'no-right':
      return { ...facts, code: rule.name, detail: `this needs the right ${rule.right}` }
    case 'no-scope':
      return { ...facts, code: rule.name, detail: `this token is not for ${rule.right}` }
    case 'more-rights':
      return { ...facts, code: rule.name, detail: `that account has more rights: ${rule.role}` }
    case 'step-up':
      return {
        ...facts,
        code: 'step-up-required',
        detail: 'this needs a factor that was used just now',
      }
    default:
      return unreachable(rule)
  }
}
