import { describe, expect, it } from 'vitest'
import { createLeavingEnvelope } from '#services/delivery/remote/leaving-envelope.ts'
import type { FinalRecipient } from '#shared/contracts/delivery.ts'
import type { Route } from '#shared/mail/route.ts'
import { envelope as usual } from '#test/support/content.ts'
import { routeTo } from '#test/support/next-hop.ts'
import { origin } from '#test/support/pipeline.ts'

const leaving = createLeavingEnvelope({
  directory: {
    resolve: async ({ domain }) => ({ kind: domain === 'ours.test' ? 'unknown' : 'remote' }),
  },
  bounceAddresses: { wrap: async (sender) => `srs(${sender})` },
  rewriting: {
    hasGeneric: true,
    generic: async (address) => (address.includes('hidden') ? `public<${address}>` : address),
  },
})

const smtp = routeTo('far.test')
const lmtp: Route = routeTo('lmtp:[127.0.0.1]:24')

const to = (address: string, changes: Partial<FinalRecipient> = {}): FinalRecipient => ({
  address,
  accountId: null,
  extension: null,
  original: address,
  notify: [],
  originalRecipient: null,
  ...changes,
})
const forwarded = to('x@far.test', { original: 'list@ours.test' })

const message = (sender: string, { login = false, filter = null as string | null } = {}) => ({
  envelope: { ...usual, sender },
  origin: origin(login ? { id: 'i', login: 'ann@ours.test' } : null),
  filter,
})

const sender = (of: string, recipient: FinalRecipient, route = smtp, about = {}) =>
  leaving.senderOf(message(of, about), route, recipient)

describe('the sender that mail leaves with', () => {
  it('is ours where mail from outside was sent on to outside', async () => {
    expect(await sender('s@far.test', forwarded)).toBe('srs(s@far.test)')
  })

  it('is the sender where nothing was sent on, or he is nobody, or one of ours', async () => {
    expect(await sender('s@far.test', to('x@far.test'))).toBe('s@far.test')
    const spelled = to('X@far.test', { original: 'x@FAR.test' })
    expect(await sender('s@far.test', spelled)).toBe('s@far.test')
    expect(await sender('', forwarded)).toBe('')
    expect(await sender('s@ours.test', forwarded)).toBe('s@ours.test')
  })

  it('is ours on a copy that nobody asked for, of what others sent', async () => {
    const copy = to('archive@far.test', { notify: ['NEVER'] })
    expect(await sender('s@far.test', copy)).toBe('srs(s@far.test)')
    expect(await sender('s@far.test', copy, smtp, { login: true })).toBe('s@far.test')
    const asked = to('x@far.test', { notify: ['NEVER'], originalRecipient: 'rfc822;x@far.test' })
    expect(await sender('s@far.test', asked)).toBe('s@far.test')
  })

  it('is the sender to a neighbour, who knows whom he has before him', async () => {
    expect(await sender('s@far.test', forwarded, lmtp)).toBe('s@far.test')
    expect(await sender('hidden@far.test', forwarded, lmtp)).toBe('hidden@far.test')
    const filter = { filter: 'scan:[127.0.0.1]:10025' }
    expect(await sender('s@far.test', forwarded, smtp, filter)).toBe('s@far.test')
  })

  it('is looked for in the generic maps, after all else', async () => {
    expect(await sender('hidden@ours.test', forwarded)).toBe('public<hidden@ours.test>')
    expect(await sender('hidden@far.test', forwarded)).toBe('public<srs(hidden@far.test)>')
  })
})

describe('recipients and header fields', () => {
  it('are looked for in the generic maps, outside alone', async () => {
    const hidden = to('hidden@in.test')
    expect(await leaving.addressOf(message(''), smtp, hidden)).toBe('public<hidden@in.test>')
    expect(await leaving.addressOf(message(''), lmtp, hidden)).toBe('hidden@in.test')
    expect(leaving.headerOf(message(''), smtp)).toBeDefined()
    expect(leaving.headerOf(message(''), lmtp)).toBeUndefined()
  })
})
