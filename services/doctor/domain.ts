// What the DNS says of a domain of ours, and what its policy host says.

import type { CheckedRecord, DomainRecords } from '#shared/administration/dns/domain-records.ts'
import { STS_PATH, stsHost } from '#shared/administration/dns/sts-policy.ts'
import type { Finding } from './finding.ts'
import type { DoctorWorld } from './world.ts'

/** Records that are no more than useful are told where they are wrong, and not where they are missing. */
export function judgeRecords({ domain, records }: DomainRecords): readonly Finding[] {
  return records.flatMap((record) => judgeRecord(domain, record) ?? [])
}

function judgeRecord(domain: string, record: CheckedRecord): Finding | undefined {
  const { name, type, need, purpose, published, hint } = record
  const about = { check: purpose, of: `${type} ${name}` } as const
  const publish = `postwolke domain dns ${domain} shows what to publish`
  const next = hint === undefined ? publish : `${publish}; ${hint}`
  const graver = need === 'must' ? 'bad' : 'warn'
  switch (published?.kind) {
    case 'met':
      return { ...about, state: 'ok', found: 'is published' }
    case 'missing':
      return need === 'may' ? undefined : { ...about, state: graver, found: 'is missing', next }
    case 'several': {
      const found = `stands there ${published.found.length} times`
      return { ...about, state: 'bad', found, next: 'several are as good as none: leave one' }
    }
    case 'other':
      return { ...about, state: graver, found: `says: ${published.found.join(' | ')}`, next }
    case 'unknown':
      return { ...about, state: 'unknown', found: published.why }
    case undefined:
      return undefined
  }
}

export async function checkPolicyHost(
  world: Pick<DoctorWorld, 'get'>,
  { domain, stsPolicy }: Pick<DomainRecords, 'domain' | 'stsPolicy'>,
): Promise<readonly Finding[]> {
  if (stsPolicy === undefined) return []
  const url = `https://${stsHost(domain)}${STS_PATH}`
  const about = { check: 'mta-sts', of: url } as const
  const next = 'listeners.https has to be reached at 443, with a certificate of this name'
  let answer: Awaited<ReturnType<DoctorWorld['get']>>
  try {
    answer = await world.get(url)
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    return [{ ...about, state: 'bad', found, next }]
  }
  const { status, type, body } = answer
  if (status !== 200) return [{ ...about, state: 'bad', found: `answers ${status}`, next }]
  if (!type.startsWith('text/plain')) {
    return [{ ...about, state: 'bad', found: `is ${type}, and must be text/plain`, next }]
  }
  const lines = (text: string) => text.split(/\r?\n/).filter((line) => line.trim() !== '')
  return lines(body).join('\n') === lines(stsPolicy).join('\n')
    ? [{ ...about, state: 'ok', found: 'serves the policy' }]
    : [
        {
          ...about,
          state: 'bad',
          found: 'serves another policy',
          next: 'restart, or see what serves it',
        },
      ]
}
