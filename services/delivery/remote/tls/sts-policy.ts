// The two texts of MTA-STS: the TXT record that says there is a policy and which (RFC 8461 §3.1), and the policy (§3.2).

import { parseDomain } from '#shared/mail/domain.ts'

export type StsMode = 'enforce' | 'testing' | 'none'

export type StsText = {
  readonly mode: StsMode
  /** In lower case; `*.` stands for one label. */
  readonly mx: readonly string[]
  readonly maxAgeSeconds: number
}

/** A year. */
export const STS_AGE_SECONDS_MAX = 31_557_600
export const STS_MX_MAX = 100

/** The id of the one record there may be; undefined for none, several, or one that is no such record. */
export function stsIdIn(records: readonly string[]): string | undefined {
  const [record, ...more] = records.filter((text) => /^v=STSv1[ \t]*;/.test(text))
  if (record === undefined || more.length > 0) return undefined
  const fields = record.split(';').map((field) => field.trim())
  const id = fields.find((field) => field.startsWith('id='))?.slice('id='.length)
  return id !== undefined && /^[A-Za-z0-9]{1,32}$/.test(id) ? id : undefined
}

/** A text: why it is none. */
export function parseStsPolicy(text: string): StsText | string {
  const fields = text.split(/\r?\n/).map((line) => {
    const colon = line.indexOf(':')
    return { key: line.slice(0, Math.max(colon, 0)).trim(), value: line.slice(colon + 1).trim() }
  })
  // Of a field that is there twice the first counts.
  const firstOf = (key: string) => fields.find((field) => field.key === key)?.value
  if (firstOf('version') !== 'STSv1') return 'its version is not STSv1'
  const mode = modes.find((one) => one === firstOf('mode'))
  if (mode === undefined) return 'its mode is none of enforce, testing and none'
  const maxAge = firstOf('max_age') ?? ''
  if (!/^\d{1,10}$/.test(maxAge)) return 'its max_age is no number of seconds'
  const mx = fields.filter(({ key }) => key === 'mx').flatMap(({ value }) => patternOf(value) ?? [])
  if (mx.length === 0 && mode !== 'none') return 'it names no host'
  if (mx.length > STS_MX_MAX) return `it names more than ${STS_MX_MAX} hosts`
  return { mode, mx, maxAgeSeconds: Math.min(Number(maxAge), STS_AGE_SECONDS_MAX) }
}

const modes = ['enforce', 'testing', 'none'] as const satisfies readonly StsMode[]

function patternOf(text: string): string | undefined {
  const wildcard = text.startsWith('*.') ? '*.' : ''
  const domain = parseDomain(text.slice(wildcard.length))
  return domain === undefined || domain.startsWith('[') ? undefined : wildcard + domain
}

/** RFC 8461 §4.1: as the first label of a pattern `*` is one label, no more and no less. */
export function namesHost(mx: readonly string[], host: string): boolean {
  const parent = host.slice(host.indexOf('.') + 1)
  return mx.some((pattern) =>
    pattern.startsWith('*.') ? pattern.slice(2) === parent && parent !== host : pattern === host,
  )
}

/** Lines of the policy, for reports. */
export function linesOf({ mode, mx, maxAgeSeconds }: StsText): readonly string[] {
  return [
    'version: STSv1',
    `mode: ${mode}`,
    ...mx.map((one) => `mx: ${one}`),
    `max_age: ${maxAgeSeconds}`,
  ]
}
