// What becomes of a message after what was found. The strictest of what SPF, DKIM and DMARC lead to counts; a DMARC pass clears the others,
// since mail that is forwarded fails them and is genuine.

import type { DmarcPolicy } from './dmarc.ts'
import type { Findings } from './results-field.ts'

export type Action = 'none' | 'tag' | 'quarantine' | 'reject'
/** By what was found. */
export type ActionPolicy = {
  readonly spf: {
    readonly fail: Action
    readonly softfail: Action
    readonly permerror: Action
  }
  readonly dkim: { readonly fail: Action; readonly none: Action }
  readonly dmarc: {
    /** What the author's domain asks for. */
    readonly [policy in DmarcPolicy]: Action
  } & {
    /** Several authors' domains or none, or a header that is too long to tell. */
    readonly permerror: Action
  }
  readonly overrides: ReadonlyMap<string, Action>
  /** Domains that seal (ARC), whose word about the author counts where forwarding broke the rest. */
  readonly trustedSealers: ReadonlySet<string>
}

export type Judgement = {
  readonly action: Action
  /** As a reader, a log and a refusal may have it: `dmarc=fail (p=reject)`. */
  readonly reason: string | undefined
  readonly method: 'spf' | 'dkim' | 'dmarc' | undefined
  /** Why less was done than the author's domain asks for (RFC 9990, policy override). */
  readonly override: 'trusted_forwarder' | 'mailing_list' | 'local_policy' | undefined
}

const strictness: readonly Action[] = ['none', 'tag', 'quarantine', 'reject']

/** `isList`: it says that it comes from a mailing list (RFC 2919, RFC 2369). */
export function judge(findings: Findings, isList: boolean, policy: ActionPolicy): Judgement {
  const { dmarc } = findings
  const vouched = isVouchedFor(findings, policy)
  const byDmarc = judgeDmarc(findings, { isList, vouched }, policy)
  if (dmarc.result === 'pass' || vouched) return byDmarc
  const { spf, dkim } = findings
  const candidates: Judgement[] = [byDmarc]
  if (spf.result === 'fail' || spf.result === 'softfail' || spf.result === 'permerror') {
    candidates.push(judgement(policy.spf[spf.result], 'spf', `spf=${spf.result}`))
  }
  // RFC 6376 §6.1: one good signature is enough, and what could not be looked up has not failed.
  const isSigned = dkim.length > 0
  const isDoubtful = dkim.some(({ result }) => result === 'pass' || result === 'temperror')
  if (isSigned && !isDoubtful) candidates.push(judgement(policy.dkim.fail, 'dkim', 'dkim=fail'))
  if (!isSigned && findings.notJudged === undefined) {
    candidates.push(judgement(policy.dkim.none, 'dkim', 'dkim=none'))
  }
  return candidates.reduce((strictest, one) =>
    strictness.indexOf(one.action) > strictness.indexOf(strictest.action) ? one : strictest,
  )
}

function judgeDmarc(
  { dmarc }: Findings,
  { isList, vouched }: { readonly isList: boolean; readonly vouched: boolean },
  policy: ActionPolicy,
): Judgement {
  if (dmarc.result === 'permerror') {
    return judgement(policy.dmarc.permerror, 'dmarc', `dmarc not applied: ${dmarc.reason}`)
  }
  if (dmarc.result !== 'fail') return nothing
  const reason = `dmarc=fail (p=${dmarc.policy})`
  const asked = policy.dmarc[dmarc.policy]
  const override = overrideFor(dmarc.from, policy.overrides)
  if (override !== undefined) {
    const isOther = override !== asked ? 'local_policy' : undefined
    return { ...judgement(override, 'dmarc', reason), override: isOther }
  }
  if (vouched) return { ...nothing, override: 'trusted_forwarder' }
  // RFC 9989 §7.4, RFC 7960: who is refused what a list changed is taken off the list.
  if (isList && asked === 'reject') {
    return { ...judgement('quarantine', 'dmarc', reason), override: 'mailing_list' }
  }
  return judgement(asked, 'dmarc', reason)
}

/** Of the domain or of one above it. */
function overrideFor(domain: string, overrides: ReadonlyMap<string, Action>): Action | undefined {
  for (let name = domain; ; name = name.slice(name.indexOf('.') + 1)) {
    const override = overrides.get(name)
    if (override !== undefined || !name.includes('.')) return override
  }
}

/**
 * RFC 8617 §7.2.1: the chain is whole and covers the author, who sealed last is trusted, and he, or one before him whom an unbroken row of trusted ones vouches
 * for, found that the author's domain stood behind it.
 */
function isVouchedFor({ arc, dmarc }: Findings, { trustedSealers }: ActionPolicy): boolean {
  if (arc.result !== 'pass' || !arc.coversFrom || dmarc.result !== 'fail') return false
  for (const { sealer, dmarc: said } of arc.sets.toReversed()) {
    if (!trustedSealers.has(sealer)) return false
    if (said?.result === 'pass' && said.from.toLowerCase() === dmarc.from) return true
  }
  return false
}

const nothing: Judgement = {
  action: 'none',
  reason: undefined,
  method: undefined,
  override: undefined,
}

function judgement(action: Action, method: Judgement['method'], reason: string): Judgement {
  return action === 'none' ? nothing : { action, method, reason, override: undefined }
}
