// The Authentication-Results field (RFC 8601 §2.2): what was found, for readers and filters behind us. One for a message, above all others.

import type { SpfResult } from '#shared/contracts/authentication.ts'
import type { DmarcResult } from './dmarc.ts'
import type { IprevResult } from './iprev.ts'
import type { ArcResult, DkimSignature } from './signatures.ts'

export type Findings = {
  readonly iprev: IprevResult
  readonly spf: SpfResult
  readonly dkim: readonly DkimSignature[]
  /** Signatures that were not looked at. */
  readonly ignored: number
  readonly dmarc: DmarcResult
  readonly arc: ArcResult
  /** Why the header was not judged, and with it neither signatures nor author. */
  readonly notJudged: string | undefined
}

/** Of one value of somebody else's: longer ones are told by their beginning. */
const VALUE_BYTES_MAX = 150

export function resultsField(authservId: string, findings: Findings): string {
  const { spf } = findings
  const results = [
    spfResult(spf),
    ...dkimResults(findings),
    dmarcResult(findings.dmarc),
    arcResult(findings.arc),
    iprevResult(findings.iprev),
  ]
  return `Authentication-Results: ${authservId};\r\n\t${results.join(';\r\n\t')}\r\n`
}

function spfResult({ result, identity, domain }: SpfResult): string {
  const property = identity === 'helo' ? 'smtp.helo' : 'smtp.mailfrom'
  return domain === '' ? `spf=${result}` : `spf=${result} ${property}=${value(domain)}`
}

function dkimResults({ dkim, ignored, notJudged }: Findings): readonly string[] {
  if (notJudged !== undefined) return [`dkim=neutral${comment(notJudged)}`]
  if (dkim.length === 0 && ignored === 0) return ['dkim=none']
  const results = dkim.map((signature) => {
    const { result, reason, domain, identity, selector, algorithm, start } = signature
    const properties = [
      ['d', domain],
      ['i', identity],
      ['s', selector],
      ['a', algorithm],
      ['b', start],
    ].flatMap(([name, text]) => (text ? [` header.${name}=${value(text)}`] : []))
    return `dkim=${result}${comment(reason)}${properties.join('')}`
  })
  return ignored === 0
    ? results
    : [...results, `dkim=neutral${comment(`${ignored} not looked at`)}`]
}

function dmarcResult(dmarc: DmarcResult): string {
  switch (dmarc.result) {
    case 'permerror':
      return `dmarc=permerror${comment(dmarc.reason)}`
    case 'none':
    case 'temperror':
      return dmarc.from === ''
        ? `dmarc=${dmarc.result}${comment('no author')}`
        : `dmarc=${dmarc.result} header.from=${value(dmarc.from)}`
    default:
      return `dmarc=${dmarc.result} header.from=${value(dmarc.from)} policy.dmarc=${dmarc.policy}`
  }
}

function arcResult({ result, reason, sets }: ArcResult): string {
  const sealers = sets.map(({ sealer }) => sealer).join(', ')
  const told = result === 'pass' ? `sealed by ${sealers}` : reason
  return `arc=${result}${comment(told)}`
}

function iprevResult({ result, address, name }: IprevResult): string {
  return `iprev=${result}${comment(name)} policy.iprev=${value(address)}`
}

/** What somebody else wrote: a token, or quoted (RFC 8601 §2.2, pvalue). */
function value(text: string): string {
  const printable = cut(text)
  if (/^[A-Za-z0-9!#$%&'*+\-./@^_`{|}~]+$/.test(printable)) return printable
  return `"${printable.replace(/["\\]/g, '\\$&')}"`
}

function comment(text: string | undefined): string {
  if (text === undefined || text === '') return ''
  return ` (${cut(text).replace(/[()\\]/g, '\\$&')})`
}

const cut = (text: string) => text.replace(/[^\x20-\x7e]/g, '?').slice(0, VALUE_BYTES_MAX)
