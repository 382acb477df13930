import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  findServerEntry,
  SERVER_ADDRESSES_MAX,
  SERVERS_MAX,
  type ServerKind,
} from '#services/policy/servers.ts'
import { type DnsWorld, startDnsWorld } from '#test/support/asked-word.ts'

const many = (count: number) => Array.from({ length: count }, (_, i) => `10.1.${i >> 8}.${i & 255}`)
const hosts = Array.from({ length: SERVERS_MAX + 1 }, (_, i) => `mx${i}.many.test`)
const numbers = hosts.map((_, i) => 10 + i)

let world: DnsWorld
beforeAll(async () => {
  world = await startDnsWorld({
    'a.test': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] },
    'mail.test': { mx: ['20 second.test', '10 first.test'], ns: ['ns.test'] },
    'first.test': { a: ['192.0.2.11'] },
    'second.test': { a: ['192.0.2.12'], aaaa: ['2001:db8::12'] },
    'numeric.test': { mx: ['10 192.0.2.13'] },
    'null.test': { mx: ['0 .'], a: ['192.0.2.14'] },
    'www.zone.mail.test': { a: ['192.0.2.15'] },
    'ns.test': { a: ['192.0.2.53'] },
    'broken.test': { rcode: 'SERVFAIL' },
    'half.test': { mx: ['10 broken.test', '20 second.test'] },
    'crowd.test': { a: many(SERVER_ADDRESSES_MAX) },
    'crowds.test': { mx: ['10 crowd.test', '20 second.test'] },
    'many.test': { mx: hosts.map((host, i) => `${numbers[i]} ${host}`) },
  })
})
afterAll(() => world[Symbol.asyncDispose]())

/** What is asked of the table until it has one of `hits`. */
async function ask(domain: string, kind: ServerKind, ...hits: string[]) {
  const asked: string[] = []
  const look = async (what: string) => {
    asked.push(what)
    return hits.includes(what) ? `has ${what}` : undefined
  }
  const entry = await findServerEntry(domain, kind, world.dns, { name: look, address: look })
  return { entry, asked }
}

const none = { kind: 'none' }

describe('findServerEntry', () => {
  it.each<[string, ServerKind, string[]]>([
    ['a.test', 'a', ['192.0.2.1', '2001:db8::1']],
    // By preference, each by its name and then its addresses.
    ['mail.test', 'mx', ['first.test', '192.0.2.11', 'second.test', '192.0.2.12', '2001:db8::12']],
    ['mail.test', 'ns', ['ns.test', '192.0.2.53']],
    // Without MX the domain itself, though it should not exist.
    ['a.test', 'mx', ['a.test', '192.0.2.1', '2001:db8::1']],
    ['absent.test', 'mx', ['absent.test']],
    // Of the zone that the name is in.
    ['www.zone.mail.test', 'ns', ['ns.test', '192.0.2.53']],
    ['absent.example', 'ns', []],
    ['numeric.test', 'mx', ['192.0.2.13']],
    ['null.test', 'mx', []],
    // A literal is its own server.
    ['[192.0.2.9]', 'mx', ['192.0.2.9']],
    ['[IPv6:2001:DB8::9]', 'a', ['2001:db8::9']],
    ['[192.0.2.9]', 'ns', []],
    ['[nothing]', 'mx', []],
    ['no name', 'mx', []],
    ['192.0.2.1', 'a', []],
  ])('asks for %s, %s: %j', async (domain, kind, expected) => {
    expect(await ask(domain, kind)).toEqual({ entry: none, asked: expected })
  })

  it('ends with the first that the table has', async () => {
    expect(await ask('mail.test', 'mx', '192.0.2.11', 'second.test')).toEqual({
      entry: { kind: 'hit', hit: 'has 192.0.2.11' },
      asked: ['first.test', '192.0.2.11'],
    })
    expect((await ask('mail.test', 'mx', 'second.test')).entry).toEqual({
      kind: 'hit',
      hit: 'has second.test',
    })
  })

  it.each<ServerKind>(['a', 'mx', 'ns'])('finds nothing out where DNS fails: %s', async (kind) => {
    const { entry } = await ask('broken.test', kind)
    expect(entry).toMatchObject({ kind: 'failure', host: 'broken.test' })
  })

  it('goes on with the next server where DNS fails for one', async () => {
    expect((await ask('half.test', 'mx', '192.0.2.12')).entry).toMatchObject({ kind: 'hit' })
    expect((await ask('half.test', 'mx')).entry).toMatchObject({ kind: 'failure' })
    // Its name needs no address.
    expect((await ask('half.test', 'mx', 'broken.test')).entry).toMatchObject({ kind: 'hit' })
  })

  it('looks at so many addresses and no more', async () => {
    expect(await ask('crowd.test', 'a')).toMatchObject({ entry: none })
    const { entry, asked } = await ask('crowds.test', 'mx')
    expect(entry).toMatchObject({ kind: 'failure', reason: 'too many addresses' })
    expect(asked).toHaveLength(2 + SERVER_ADDRESSES_MAX)
  })

  it('looks at so many servers and no more', async () => {
    const { entry, asked } = await ask('many.test', 'mx', hosts.at(-1) ?? '')
    expect(entry).toMatchObject({ kind: 'failure', reason: 'too many servers' })
    expect(asked).toHaveLength(SERVERS_MAX)
  })
})
