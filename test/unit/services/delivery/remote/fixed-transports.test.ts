import { describe, expect, it } from 'vitest'
import { createFixedTransport } from '#services/delivery/remote/fixed-transports.ts'
import type { Transfer } from '#services/delivery/remote/transport.ts'
import { parseRoute } from '#shared/mail/route.ts'

function transfer(text: string): Transfer {
  const route = parseRoute(text)
  if (typeof route === 'string') throw new Error(route)
  return {
    queueId: '01ARZ3NDEKTSV4RRFF',
    route,
    sender: 'ann@here.test',
    recipients: ['bob', 'carol'].map((name) => {
      return { address: `${name}@there.test`, notify: [], originalRecipient: null }
    }),
    dsnReturn: null,
    dsnEnvelopeId: null,
    requireTls: false,
    ageMs: 0,
    openMessage: () => Promise.reject(new Error('nobody reads it')),
    onContact: () => {
      throw new Error('nobody was spoken to')
    },
  }
}

async function delivered(text: string) {
  const given = transfer(text)
  const { route } = given
  if (route.kind === 'smtp' || route.kind === 'lmtp' || route.kind === 'ses') throw new Error(text)
  return await createFixedTransport(route).deliver(given)
}

describe('a route that leads to nobody', () => {
  it.each([
    ['discard:', { kind: 'delivered', reply: 'discarded' }],
    ['discard:a robot', { kind: 'delivered', reply: 'a robot' }],
    [
      'error:5.1.6',
      { kind: 'failed', status: '5.1.6', reply: 'mail for this address is not taken' },
    ],
    ['error:he moved', { kind: 'failed', status: '5.0.0', reply: 'he moved' }],
    ['retry:', { kind: 'deferred', status: '4.0.0', reply: 'mail for this address waits' }],
    ['retry:4.3.2 at night', { kind: 'deferred', status: '4.3.2', reply: 'at night' }],
  ])('%s has one result for each, without the message being read', async (text, result) => {
    expect(await delivered(text)).toEqual({
      results: [result, result],
      destination: { kind: 'untried' },
    })
  })
})
