// DMARC (RFC 9989): whether the author's domain vouches for the message, by SPF or by a signature, and what it asks for where it does not.
// The record is found by the tree walk (§4.10), which mailauth makes: eight questions at most for each name, and one about the author's
// domain where its record tells names that do not exist apart (`np`).

import type { DmarcResponse } from 'mailauth/lib/dmarc/index.js'
import type { SpfResult } from '#shared/contracts/authentication.ts'
import type { MailauthResolver } from './mailauth-resolver.ts'
import type { Signatures } from './signatures.ts'

export type DmarcPolicy = 'none' | 'quarantine' | 'reject'

export type DmarcRecord = {
  /** Where it stands. */
  readonly domain: string
  readonly text: string
  readonly p: DmarcPolicy
  readonly sp: DmarcPolicy
  readonly np: DmarcPolicy | undefined
  readonly strictDkim: boolean
  readonly strictSpf: boolean
  readonly testing: boolean
}

export type DmarcResult =
  /** The author's domain is not one, or not to be known: nothing was asked, and nothing is proved. */
  | { readonly result: 'permerror'; readonly reason: string }
  /** There is no author ('') or no record, or the DNS does not say. */
  | { readonly result: 'none' | 'temperror'; readonly from: string }
  | {
      readonly result: 'pass' | 'fail'
      readonly from: string
      /** What its owner asks for where it fails, softened by `t=y`. */
      readonly policy: DmarcPolicy
      readonly record: DmarcRecord
      readonly alignedSpf: boolean
      readonly alignedDkim: boolean
    }

export async function evaluateDmarc(
  { dkim, from, fromFields }: Pick<Signatures, 'dkim' | 'from' | 'fromFields'>,
  spf: SpfResult,
  resolver: MailauthResolver,
): Promise<DmarcResult> {
  // It claims to be from nobody: that is no forgery.
  if (fromFields === 0) return { result: 'none', from: '' }
  const { evaluateDmarc: evaluate } = await import('mailauth/lib/dmarc/index.js')
  const passing = dkim.filter(({ result }) => result === 'pass')
  const answer = await evaluate({
    headerFrom: from,
    fromFields,
    // §4.4.2: MAIL FROM, and of the null sender postmaster at HELO.
    spfDomains: spf.result === 'pass' ? [{ domain: spf.domain }] : [],
    dkimDomains: passing.map(({ domain }) => ({ domain })),
    resolver,
    strict: true,
  })
  if (answer.response === false) return { result: 'permerror', reason: answer.reason }
  return resultOf(answer.response)
}

function resultOf(response: DmarcResponse): DmarcResult {
  const { status, policyDomain, policy, p, sp, np, rr, alignment, testMode } = response
  const { from } = status.header
  if (status.result === 'none') return { result: 'none', from }
  if (status.result !== 'pass' && status.result !== 'fail') return { result: 'temperror', from }
  const strictDkim = alignment?.dkim.strict === true
  const strictSpf = alignment?.spf.strict === true
  return {
    result: status.result,
    from,
    policy: policy ?? 'none',
    record: {
      domain: policyDomain ?? from,
      text: rr ?? '',
      p: p ?? 'none',
      sp: sp ?? p ?? 'none',
      np,
      strictDkim,
      strictSpf,
      testing: testMode === true,
    },
    alignedSpf: alignment?.spf.result !== undefined,
    alignedDkim: alignment?.dkim.result !== undefined,
  }
}
