import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { looksLikeSrs, SRS_AGE_DAYS_MAX, unwrapSender, wrapSender } from '#shared/mail/srs.ts'
import { seededRandom } from '#test/support/seed.ts'

const DAY_MS = 86_400_000
const now = Date.UTC(2026, 10, 29)

function address(text: string) {
  const parsed = parseAddress(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}

function domain(text: string) {
  const parsed = parseDomain(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}

type Options = { secret?: string; by?: string; hashLength?: number; atMs?: number }

function wrapped(
  sender: string,
  { secret = 'example-secret', by = 'fwd.example', hashLength = 4, atMs = now }: Options = {},
) {
  const made = wrapSender(
    address(sender),
    { domain: domain(by), secrets: [secret], hashLength },
    atMs,
  )
  return made && formatAddress(made)
}

function unwrapped(
  text: string,
  { secrets = ['example-secret'], hashLength = 4, atMs = now } = {},
) {
  const found = unwrapSender(address(text).local, { secrets, hashLength }, atMs)
  return found.kind === 'sender' ? formatAddress(found.address) : found.kind
}

describe('a rewritten sender', () => {
  it('is the one of the vectors', () => {
    const first = wrapped('ann@origin.example')
    expect(first).toBe('SRS0=u0As=JS=origin.example=ann@fwd.example')
    expect(wrapped(first ?? '', { secret: 'other-secret', by: 'second.example' })).toBe(
      'SRS1=h3Ow=fwd.example==u0As=JS=origin.example=ann@second.example',
    )
  })

  it('keeps the first host and what that said, however often it is sent on', () => {
    const second = wrapped('SRS0=u0As=JS=origin.example=ann@fwd.example', { by: 'second.example' })
    const third = wrapped(second ?? '', { by: 'third.example', secret: 'x' })
    expect(third).toMatch(/^SRS1=....=fwd\.example==u0As=JS=origin\.example=ann@third\.example$/)
  })

  // All three are written; what is inside is always "=".
  it.each(['=', '-', '+'])('keeps the separator %s behind the tag of another', (separator) => {
    const second = wrapped(`SRS0${separator}u0As=JS=origin.example=ann@fwd.example`)
    expect(second).toContain(`=fwd.example=${separator}u0As=JS=origin.example=ann@`)
    expect(unwrapped(second ?? '')).toBe(`SRS0${separator}u0As=JS=origin.example=ann@fwd.example`)
  })

  it('gets the separator that some leave out', () => {
    const second = wrapped('SRS1=abcd=fwd.example=u0As=JS=origin.example=ann@third.example')
    expect(second).toMatch(/^SRS1=....=fwd\.example==u0As=JS=/)
  })

  it('is not made where it would be longer than hosts take, by one', () => {
    // SRS0=hhhh=tt=far.test= are 22 characters.
    expect(wrapped(`${'x'.repeat(64 - 22)}@far.test`)).toHaveLength(64 + '@fwd.example'.length)
    expect(wrapped(`${'x'.repeat(65 - 22)}@far.test`)).toBeUndefined()
  })

  it('is not made without a secret', () => {
    const options = { domain: domain('fwd.example'), secrets: [], hashLength: 4 }
    expect(wrapSender(address('ann@origin.example'), options, now)).toBeUndefined()
  })

  it.each([
    ['ann=bob@origin.example'],
    ['"odd one"@origin.example'],
    ['jörg@origin.example'],
    ['ann@[192.0.2.1]'],
    ['prvs=1234abcdef=ann@origin.example'],
  ])('comes back whole: %s', (sender) => {
    expect(unwrapped(wrapped(sender) ?? '')).toBe(formatAddress(address(sender)))
  })
})

describe('what comes back', () => {
  const ours = wrapped('ann@origin.example') ?? ''

  it('is taken in any case, as some hosts lower it', () => {
    expect(unwrapped(ours.toLowerCase())).toBe('ann@origin.example')
    expect(unwrapped(ours.toUpperCase())).toBe('ANN@origin.example')
  })

  it('is taken in either alphabet of base64', () => {
    // The hash of this one has both characters that differ.
    const sender = Array.from({ length: 20_000 }, (_, n) => `n${n}@origin.example`).find((one) =>
      /^SRS0=(?=[^=]*-)(?=[^=]*_)[^=]{4}=/.test(wrapped(one) ?? ''),
    )
    const made = wrapped(sender ?? '') ?? ''
    const [, hash = ''] = made.split('=')
    expect(unwrapped(made.replace(hash, hash.replace('-', '+').replace('_', '/')))).toBe(sender)
  })

  it('is taken with the secrets of before, which sign no more', () => {
    expect(unwrapped(ours, { secrets: ['new', 'example-secret'] })).toBe('ann@origin.example')
    expect(unwrapped(ours, { secrets: ['new'] })).toBe('forged')
    expect(unwrapped(ours, { secrets: [] })).toBe('forged')
  })

  it('is taken for three weeks, and from a clock that is a day ahead', () => {
    const at = (days: number) => unwrapped(ours, { atMs: now + days * DAY_MS })
    expect(at(SRS_AGE_DAYS_MAX)).toBe('ann@origin.example')
    expect(at(SRS_AGE_DAYS_MAX + 1)).toBe('expired')
    expect(at(-1)).toBe('ann@origin.example')
    expect(at(-2)).toBe('expired')
    // The days begin again after 1,024.
    expect(at(1_024)).toBe('ann@origin.example')
  })

  it('says nothing of its time to whom it is not ours', () => {
    expect(unwrapped(ours, { secrets: ['new'], atMs: now + 100 * DAY_MS })).toBe('forged')
  })

  it.each([
    // Another sender, another day, another host, a hash of another.
    'SRS0=u0As=JS=origin.example=bob@fwd.example',
    'SRS0=u0As=JT=origin.example=ann@fwd.example',
    'SRS0=u0As=JS=victim.example=ann@fwd.example',
    'SRS0=u0At=JS=origin.example=ann@fwd.example',
    // Shorter than ours, none, and longer than there can be.
    'SRS0=u0A=JS=origin.example=ann@fwd.example',
    'SRS0==JS=origin.example=ann@fwd.example',
    `SRS0=${'u0As'.padEnd(60, 'x')}=JS=origin.example=ann@fwd.example`,
    'SRS0=JS=origin.example=ann@fwd.example',
    'SRS0=u0As@fwd.example',
    'SRS0=@fwd.example',
    'SRS0@fwd.example',
    'SRS1=h3Ow=victim.example==u0As=JS=origin.example=ann@fwd.example',
    'SRS1=h3Ow=fwd.example==u0As=JS=origin.example=bob@fwd.example',
    'SRS1=u0As=JS=origin.example=ann@fwd.example',
    'SRS1===@fwd.example',
    'ann@fwd.example',
  ])('is not taken: %s', (text) => {
    expect(unwrapped(text, { secrets: ['example-secret', 'other-secret'] })).toBe('forged')
  })

  it('is not taken with less of the hash than is asked for', () => {
    const long = wrapped('ann@origin.example', { hashLength: 6 }) ?? ''
    expect(unwrapped(long, { hashLength: 6 })).toBe('ann@origin.example')
    expect(unwrapped(ours, { hashLength: 6 })).toBe('forged')
    expect(unwrapped(long, { hashLength: 4 })).toBe('ann@origin.example')
  })

  it('is looked for in local parts of that form alone', () => {
    expect(['SRS0=a', 'srs1-a', 'Srs0+a'].map(looksLikeSrs)).toEqual([true, true, true])
    expect(['SRS0', 'SRS2=a', 'aSRS0=a', 'SRS0a', ''].map(looksLikeSrs)).not.toContain(true)
  })
})

describe('beside another implementation', () => {
  const random = seededRandom('rewritten senders')
  const pick = (all: string) => all.charAt(Math.floor(random() * all.length))
  const word = (length: number, all = 'abcXYZ019=+-_.') =>
    Array.from({ length }, () => pick(all)).join('')
  const senders = Array.from({ length: 300 }, (_, i) => {
    const local = `a${word(1 + Math.floor(random() * 12))}z`.replaceAll('..', '.')
    const host = `${word(5, 'abc')}.example`
    const plain = `${local}@${host}`
    if (i % 3 === 0) return plain
    const first = wrapped(plain, { by: 'first.example' }) ?? plain
    return i % 3 === 1 ? first : (wrapped(first, { by: 'second.example' }) ?? first)
  })
  const day = now / DAY_MS

  it('is written as that writes it, and that turns it back as we do', () => {
    const options = { secret: 'päss', by: 'ours.example', hashLength: 6 }
    const made = senders.map((sender) => wrapped(sender, options) ?? sender)
    const fits = senders.filter((_, i) => made[i] !== senders[i])
    expect(fits.length).toBeGreaterThan(100)
    const own = made.filter((one, i) => one !== senders[i])
    const answers = ask([
      ...fits.map((sender) => ['forward', 'päss', day, 6, sender, 'ours.example']),
      ...own.map((one) => ['reverse', ['x', 'päss'], day, 6, address(one).local.toLowerCase()]),
    ])
    expect(answers.slice(0, fits.length)).toEqual(own)
    expect(answers.slice(fits.length)).toEqual(
      own.map((one) => {
        const found = unwrapSender(
          address(one).local.toLowerCase(),
          { secrets: ['x', 'päss'], hashLength: 6 },
          now,
        )
        return found.kind === 'sender' ? `${found.address.local}@${found.address.domain}` : null
      }),
    )
  })
})

function ask(questions: readonly unknown[]): readonly unknown[] {
  const path = fileURLToPath(new URL('../../../support/python/srs.py', import.meta.url))
  const input = questions.map((question) => JSON.stringify(question)).join('\n')
  const { stdout, stderr } = spawnSync('python3', [path], { input, encoding: 'utf8' })
  if (stderr !== '') throw new Error(stderr)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}
