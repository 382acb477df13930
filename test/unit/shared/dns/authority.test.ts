// Name servers of a zone, each asked by itself.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAuthority } from '#shared/dns/authority.ts'
import type { DnsAnswer } from '#shared/dns/resolver.ts'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'

let dns: DnsServer
beforeEach(async () => {
  dns = await startDnsServer({
    'a.test': {
      mx: ['10 mx.a.test', '0 .'],
      txt: [['v=spf1 ', 'mx ~all'], 'two'],
      ttlSeconds: 7_200,
    },
    'auto.a.test': { cname: 'there.b.test', ttlSeconds: 60 },
    'silent.a.test': { manner: 'silent' },
    'cut.a.test': { txt: ['cut'], manner: 'truncated' },
    'refused.a.test': { rcode: 'REFUSED' },
  })
})
afterEach(() => dns[Symbol.asyncDispose]())

const names: { readonly [question: string]: readonly string[] } = {
  'a.test NS': ['ns1.a.test', 'ns2.a.test', 'gone.a.test'],
  'ns1.a.test A': ['127.0.0.1'],
  'ns2.a.test AAAA': ['127.0.0.1'],
}

function ask(
  more: { readonly [question: string]: DnsAnswer<string> } = {},
  { timeoutMs } = { timeoutMs: 5_000 },
) {
  const readRecords = async (name: string, type: string): Promise<DnsAnswer<string>> => {
    const records = names[`${name} ${type}`]
    return more[`${name} ${type}`] ?? (records ? { kind: 'found', records } : { kind: 'none' })
  }
  return createAuthority({ readRecords, timeoutMs, port: dns.port })
}

/** For what has no answer. */
const hasty = { timeoutMs: 500 }

describe('the name servers of a zone', () => {
  it('are found above the name, and say what they have and for how long', async () => {
    const told = { records: ['there.b.test'], ttlSeconds: 60 }
    expect(await ask()('Auto.a.test', 'CNAME')).toEqual({
      kind: 'told',
      servers: [
        { server: 'ns1.a.test', ...told },
        { server: 'ns2.a.test', ...told },
      ],
    })
  })

  it('are read as a zone file has it', async () => {
    expect(await ask()('a.test', 'MX')).toMatchObject({
      servers: [{ records: ['10 mx.a.test', '0 .'], ttlSeconds: 7_200 }, {}],
    })
    expect(await ask()('a.test', 'TXT')).toMatchObject({
      servers: [{ records: ['v=spf1 mx ~all', 'two'] }, {}],
    })
    expect(await ask()('cut.a.test', 'TXT')).toMatchObject({ servers: [{ records: ['cut'] }, {}] })
  })

  it('say that there is nothing', async () => {
    const nothing = { kind: 'told', servers: [{ records: [], ttlSeconds: null }, { records: [] }] }
    expect(await ask()('nobody.a.test', 'MX')).toMatchObject(nothing)
    expect(await ask()('a.test', 'CNAME')).toMatchObject(nothing)
  })

  it('are not known where nobody says who they are, or none answers', async () => {
    expect(await ask()('a.elsewhere.test', 'MX')).toMatchObject({ kind: 'unknown' })
    const failure = { kind: 'failure', reason: 'SERVFAIL' } as const
    expect(await ask({ 'a.test NS': failure })('a.test', 'MX')).toMatchObject({ kind: 'unknown' })
    expect(await ask()('refused.a.test', 'MX')).toMatchObject({ kind: 'unknown' })
    expect(await ask({}, hasty)('silent.a.test', 'MX')).toMatchObject({ kind: 'unknown' })
    expect(await ask()('a..test', 'MX')).toMatchObject({ kind: 'unknown' })
  })
})
