import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDirectory } from '#shared/directory/directory.ts'
import {
  EXTENSIONS_PER_ENTRY_MAX,
  type ExpansionOptions,
  expand,
  LOOKUP_ADDRESSES_MAX,
} from '#shared/directory/expansion.ts'
import { createLookup, type Lookup } from '#shared/directory/lookup.ts'
import { ownNames } from '#shared/directory/own-names.ts'
import type { AddressRecord } from '#shared/directory/records.ts'
import { type Address, formatAddress, parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Table } from '#shared/storage/ports.ts'
import { hostNames } from '#test/support/host-names.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'

type World = {
  readonly accounts?: readonly string[]
  readonly disabled?: readonly string[]
  /** Alias → targets, all `local` parts of ours.test unless they hold an `@`; `@` is the catch-all. */
  readonly aliases?: { readonly [name: string]: string }
  /** Account → where its mail goes; `keep` among them is its copy. */
  readonly forwards?: { readonly [name: string]: string }
}

const domain = parseDomain('ours.test')

function address(text: string): Address {
  const parsed = parseAddress(text, domain)
  if (parsed === undefined) throw new Error(`${text} is no address`)
  return parsed
}

const limits = {
  virtualAliasRecursionLimit: 5,
  virtualAliasExpansionLimit: 4,
  lmtpSaveToDetailMailbox: false,
}

let opened: OpenedEmbedded
beforeAll(async () => {
  opened = await openEmbedded()
})
afterAll(() => opened.close())

function openDirectory(table: Table, changed: Partial<typeof limits> = {}) {
  return createDirectory({
    table,
    clock: { now: () => 0, sleep: async () => {} },
    settings: { recipientDelimiter: '+', mailboxSizeLimit: 0, ...hostNames, ...limits, ...changed },
  })
}

/** The directory with nothing but this in it. */
async function directoryOf(world: World) {
  const directory = openDirectory(opened.store.tables.directory)
  if (domain === undefined) throw new Error('no domain')
  await directory.domains.remove(domain, { force: true })
  await directory.domains.add(domain)
  const { accounts = [], disabled = [], aliases = {}, forwards = {} } = world
  for (const local of [...accounts, ...disabled]) {
    const enabled = !disabled.includes(local)
    await directory.accounts.add({ address: address(local), passwordHash: '', enabled })
  }
  for (const [local, targets] of Object.entries(aliases)) {
    const name = local === '@' ? { local: null, domain } : address(local)
    await directory.aliases.add(name, targets.split(' ').map(address))
  }
  for (const [local, words] of Object.entries(forwards)) {
    const to = words.split(' ').filter((word) => word !== 'keep')
    const forward = { to: to.map(address), keep: to.length < words.split(' ').length }
    await directory.accounts.set(address(local), { forward })
  }
  return directory
}

/** The expansion as lines: `local bob +ext <original>`, `remote a@b <original>`, `failed x reason <original>`. */
function expanded(world: World, ...recipients: readonly string[]) {
  return expandedOf(world, recipients)
}

async function expandedOf(world: World, recipients: readonly string[], options?: ExpansionOptions) {
  const directory = await directoryOf(world)
  const { local, remote, failed } = await directory.expand(recipients.map(address), options)
  const text = (of: Address) => formatAddress(of).replace(/@ours\.test$/, '')
  const owners = new Map(
    (await Array.fromAsync(directory.accounts.list())).map((account) => [account.id, account]),
  )
  const owner = (id: (typeof local)[number]['accountId']) => owners.get(id)?.address.local
  return [
    ...local.map((to) => {
      const extension = to.extension === null ? '' : ` +${to.extension}`
      return `local ${owner(to.accountId)}${extension} <${text(to.originalRecipient)}>`
    }),
    ...remote.map((to) => {
      const by = to.forwardedBy === undefined ? '' : ` by ${text(to.forwardedBy)}`
      return `remote ${text(to.address)}${by} <${text(to.originalRecipient)}>`
    }),
    ...failed.map(
      (to) => `failed ${text(to.address)} ${to.reason} <${text(to.originalRecipient)}>`,
    ),
  ]
}

describe('expand', () => {
  it('sorts recipients into local, remote and failed', async () => {
    const world = { accounts: ['bob'], disabled: ['eve'] }
    expect(await expanded(world, 'bob', 'x@remote.test', 'nobody', 'eve')).toEqual([
      'local bob <bob>',
      'remote x@remote.test <x@remote.test>',
      'failed nobody unknown <nobody>',
      'failed eve disabled <eve>',
    ])
  })

  it('follows aliases to aliases, to many, local and remote', async () => {
    const world = {
      accounts: ['bob', 'carol'],
      aliases: { all: 'bob staff', staff: 'carol r@remote.test' },
    }
    expect(await expanded(world, 'all')).toEqual([
      'local bob <all>',
      'local carol <all>',
      'remote r@remote.test <all>',
    ])
  })

  it('delivers to the account of an alias that names itself', async () => {
    const world = { accounts: ['bob', 'carol'], aliases: { bob: 'bob carol' } }
    expect(await expanded(world, 'bob')).toEqual(['local bob <bob>', 'local carol <bob>'])
  })

  it('does not deliver to the account of an alias that does not name itself', async () => {
    const world = { accounts: ['bob', 'carol'], aliases: { bob: 'carol' } }
    expect(await expanded(world, 'bob')).toEqual(['local carol <bob>'])
  })

  it('fails a disabled account behind its own alias, and delivers the rest', async () => {
    const world = { accounts: ['carol'], disabled: ['bob'], aliases: { bob: 'bob carol' } }
    expect(await expanded(world, 'bob')).toEqual(['local carol <bob>', 'failed bob disabled <bob>'])
  })

  it('delivers once to whom several ways lead', async () => {
    const world = { accounts: ['bob'], aliases: { a: 'bob r@remote.test', b: 'bob r@remote.test' } }
    expect(await expanded(world, 'a', 'b', 'BOB')).toEqual([
      'local bob <a>',
      'remote r@remote.test <a>',
    ])
  })

  describe('with accounts that send their mail on', () => {
    it('goes there, and stays here too where that is wanted', async () => {
      const accounts = ['bob', 'carol']
      const forwards = { bob: 'x@remote.test y@remote.test', carol: 'keep bob' }
      expect(await expanded({ accounts, forwards }, 'bob')).toEqual([
        'remote x@remote.test by bob <bob>',
        'remote y@remote.test by bob <bob>',
      ])
      expect(await expanded({ accounts, forwards }, 'carol')).toEqual([
        'local carol <carol>',
        'remote x@remote.test by bob <carol>',
        'remote y@remote.test by bob <carol>',
      ])
    })

    it('does so behind an alias, and behind an alias that is the account too', async () => {
      const world = {
        accounts: ['bob'],
        aliases: { all: 'bob', bob: 'bob z@remote.test' },
        forwards: { bob: 'x@remote.test' },
      }
      expect(await expanded(world, 'all')).toEqual([
        'remote z@remote.test <all>',
        'remote x@remote.test by bob <all>',
      ])
    })

    it('takes its own address among the targets for its copy', async () => {
      const world = { accounts: ['bob'], forwards: { bob: 'x@remote.test bob' } }
      expect(await expanded(world, 'bob')).toEqual([
        'local bob <bob>',
        'remote x@remote.test by bob <bob>',
      ])
    })

    it('passes no extension on', async () => {
      const world = { accounts: ['bob'], forwards: { bob: 'keep x@remote.test' } }
      expect(await expanded(world, 'bob+tag')).toEqual([
        'local bob +tag <bob+tag>',
        'remote x@remote.test by bob <bob+tag>',
      ])
    })

    it('fails where they send it to one another, unless one keeps it', async () => {
      const accounts = ['a', 'b']
      expect(await expanded({ accounts, forwards: { a: 'b', b: 'a' } }, 'a')).toEqual([
        'failed a loop <a>',
      ])
      expect(await expanded({ accounts, forwards: { a: 'b', b: 'a keep' } }, 'a')).toEqual([
        'local b <a>',
      ])
    })

    it('ends at an account that had the message before: its delivery says that it goes in circles', async () => {
      const world = { accounts: ['bob'], forwards: { bob: 'x@remote.test' } }
      const options = { deliveredTo: ['BOB@ours.test'] }
      expect(await expandedOf(world, ['bob'], options)).toEqual(['local bob <bob>'])
      expect(await expandedOf(world, ['bob'], { deliveredTo: ['x@ours.test'] })).toEqual([
        'remote x@remote.test by bob <bob>',
      ])
    })

    it('ends at the account for whoever asks whose an address is', async () => {
      const world = { accounts: ['bob'], forwards: { bob: 'x@remote.test' } }
      expect(await expandedOf(world, ['bob'], { followsForwards: false })).toEqual([
        'local bob <bob>',
      ])
    })

    it('sends nothing on from an account that is disabled', async () => {
      const world = { disabled: ['bob'], forwards: { bob: 'x@remote.test' } }
      expect(await expanded(world, 'bob')).toEqual(['failed bob disabled <bob>'])
    })

    it('counts against the limits, as aliases do', async () => {
      const to = Array.from({ length: 5 }, (_, i) => `x${i}@remote.test`).join(' ')
      const world = { accounts: ['bob'], aliases: { all: 'bob' }, forwards: { bob: to } }
      expect(await expanded(world, 'bob')).toEqual(['failed bob too-many <bob>'])
      expect(await expanded(world, 'all')).toEqual(['failed all too-many <all>'])
    })
  })

  it('keeps remote local parts apart that differ in case', async () => {
    expect(await expanded({}, 'A@remote.test', 'a@remote.test')).toHaveLength(2)
  })

  it('returns the very recipient objects it was given', async () => {
    const directory = await directoryOf({ accounts: ['bob'], aliases: { a: 'bob' } })
    const original = address('a')
    const { local } = await directory.expand([original])
    expect(local[0]?.originalRecipient).toBe(original)
  })

  it('fails an alias that only leads back to itself', async () => {
    expect(await expanded({ aliases: { a: 'b', b: 'c', c: 'a' } }, 'a')).toEqual([
      'failed a loop <a>',
    ])
    expect(await expanded({ aliases: { a: 'a' } }, 'a')).toEqual(['failed a loop <a>'])
  })

  it('delivers where a circle also leads elsewhere', async () => {
    const world = { accounts: ['carol'], aliases: { a: 'b', b: 'a carol' } }
    expect(await expanded(world, 'a')).toEqual(['local carol <a>'])
    // two who forward to each other and keep a copy
    const both = { accounts: ['x', 'y'], aliases: { x: 'x y', y: 'y x' } }
    expect(await expanded(both, 'x')).toEqual(['local x <x>', 'local y <x>'])
  })

  it('takes the catch-all for what nothing else takes', async () => {
    const world = { accounts: ['bob'], aliases: { '@': 'bob gone' } }
    expect(await expanded(world, 'nobody')).toEqual(['local bob <nobody>'])
  })

  describe('with extensions', () => {
    it('passes an unneeded extension on to every target', async () => {
      const world = { accounts: ['carol'], aliases: { bob: 'carol r@remote.test' } }
      expect(await expanded(world, 'bob+x')).toEqual([
        'local carol +x <bob+x>',
        'remote r+x@remote.test <bob+x>',
      ])
    })

    it('passes nothing on from an exact match or the catch-all', async () => {
      const world = { accounts: ['carol'], aliases: { 'bob+x': 'carol', '@': 'carol' } }
      expect(await expanded(world, 'bob+x')).toEqual(['local carol <bob+x>'])
      expect(await expanded(world, 'who+y')).toEqual(['local carol <who+y>'])
    })

    it('reaches the own account with it, also by a target with an extension', async () => {
      const world = { accounts: ['bob'], aliases: { bob: 'bob' } }
      expect(await expanded(world, 'bob+x')).toEqual(['local bob +x <bob+x>'])
      const keep = { accounts: ['bob'], aliases: { bob: 'bob+keep' } }
      expect(await expanded(keep, 'bob')).toEqual(['local bob +keep <bob>'])
    })

    it('delivers apart to different extensions only where they choose a folder, and to ten', async () => {
      const directory = await directoryOf({ accounts: ['bob'] })
      const recipients = ['bob', ...Array.from({ length: 20 }, (_, i) => `bob+${i}`)].map(address)
      expect((await directory.expand(recipients)).local).toHaveLength(1)
      const detail = openDirectory(opened.store.tables.directory, { lmtpSaveToDetailMailbox: true })
      const { local } = await detail.expand(recipients)
      expect(local.map(({ extension }) => extension)).toEqual([
        null,
        ...['0', '1', '2', '3', '4', '5', '6', '7', '8'],
      ])
      expect(local).toHaveLength(EXTENSIONS_PER_ENTRY_MAX)
    })

    it('drops an extension that makes the target too long', async () => {
      const long = 'l'.repeat(625)
      const world = { aliases: { bob: `${long}@remote.test` } }
      const at = (local: string, original: string) => `remote ${local}@remote.test <${original}>`
      expect(await expanded(world, 'bob+12')).toEqual([at(`${long}+12`, 'bob+12')])
      expect(await expanded(world, 'bob+123')).toEqual([at(long, 'bob+123')])
    })
  })

  describe('limits', () => {
    it('allows as many addresses as the limit says, and fails a recipient whole beyond it', async () => {
      const four = { aliases: { a: 'r1@r.test r2@r.test r3@r.test r4@r.test' } }
      expect(await expanded(four, 'a')).toHaveLength(4)
      const five = { aliases: { a: 'r1@r.test b', b: 'r2@r.test r3@r.test r4@r.test r5@r.test' } }
      expect(await expanded(five, 'a', 'x@r.test')).toEqual([
        'remote x@r.test <x@r.test>',
        'failed a too-many <a>',
      ])
    })

    it('stays with that failure while other recipients go on', async () => {
      const world = {
        accounts: ['bob'],
        aliases: {
          a: 'bob b',
          b: 'r1@r.test r2@r.test r3@r.test r4@r.test',
          c: 'd',
          d: 'e',
          e: 'bob',
        },
      }
      expect(await expanded(world, 'a', 'c')).toEqual(['local bob <c>', 'failed a too-many <a>'])
    })

    it('follows as many aliases in a row as the limit says', async () => {
      const chain = { a1: 'a2', a2: 'a3', a3: 'a4', a4: 'a5', a5: 'bob', a0: 'a1' }
      const world = { accounts: ['bob'], aliases: chain }
      expect(await expanded(world, 'a1')).toEqual(['local bob <a1>'])
      expect(await expanded(world, 'a0')).toEqual(['failed a0 loop <a0>'])
    })
  })

  it('reads once a round for all recipients together', async () => {
    await directoryOf({ accounts: ['bob'], aliases: { a: 'b', b: 'bob' } })
    const table = opened.store.tables.directory
    const batches: number[] = []
    const counted: Pick<Table, 'batchGet'> = {
      batchGet: (keys, options) => {
        batches.push(keys.length)
        expect(options).toEqual({ consistent: true })
        return table.batchGet(keys, options)
      },
    }
    const lookup = createLookup(counted, { recipientDelimiter: '+', names: ownNames(hostNames) })
    await expand(['a', 'b', 'bob', 'bob+x'].map(address), lookup, {
      ...limits,
      recipientDelimiter: '+',
    })
    // a, b, bob, bob+x, and no domain, for each has an entry; nothing new to ask in the rounds after
    expect(batches).toEqual([4])
  })

  describe('against who makes much of little', () => {
    const targets = 900
    const many = { ...limits, virtualAliasExpansionLimit: 1_000, recipientDelimiter: '+' }

    /** An alias `bomb` with 900 targets, and how many addresses were looked up. */
    function bomb(target: (n: number) => string) {
      let asked = 0
      const all = Array.from({ length: targets }, (_, n) => address(target(n)))
      const lookup: Lookup = async (addresses) => {
        asked += addresses.length
        return addresses.map((of) => {
          if (of.domain !== domain) return { kind: 'remote' }
          const [base = '', extension = null] = of.local.split('+')
          const name = { local: base, domain }
          return base === 'bomb'
            ? { kind: 'entry', entry: { name, account: null, targets: all }, extension }
            : {
                kind: 'entry',
                entry: { name, account: accountNamed(base), targets: null },
                extension,
              }
        })
      }
      return { lookup, asked: () => asked }
    }
    const accountNamed = (id: string) =>
      ({ id, enabled: true, forward: null, filtered: false }) as NonNullable<
        AddressRecord['account']
      >

    const recipients = Array.from({ length: 601 }, (_, i) => address(`bomb+${i}`))

    it('follows an alias with ten extensions of a message, however many it is asked with', async () => {
      for (const [where, count] of [
        ['ours.test', targets],
        ['remote.test', targets * EXTENSIONS_PER_ENTRY_MAX],
      ] as const) {
        const { lookup, asked } = bomb((n) => `t${n}@${where}`)
        const { local, remote, failed } = await expand(recipients, lookup, many)
        expect(local.length + remote.length).toBe(count)
        expect(failed).toEqual([])
        expect(asked()).toBeLessThanOrEqual(recipients.length + targets * EXTENSIONS_PER_ENTRY_MAX)
      }
    })

    it('does not go again through an alias that leads to too many', async () => {
      const { lookup, asked } = bomb((n) => `t${n}@remote.test`)
      const few = { ...many, virtualAliasExpansionLimit: targets - 1 }
      const { remote, failed } = await expand(recipients, lookup, few)
      expect(remote).toEqual([])
      expect(failed).toHaveLength(recipients.length)
      expect(new Set(failed.map(({ reason }) => reason))).toEqual(new Set(['too-many']))
      expect(asked()).toBeLessThanOrEqual(recipients.length + targets * EXTENSIONS_PER_ENTRY_MAX)
    })

    it('reads the targets of an alias once, however many addresses lead to it', async () => {
      await directoryOf({ accounts: ['bob'], aliases: { bomb: 'bob' } })
      const lookup = createLookup(opened.store.tables.directory, {
        recipientDelimiter: '+',
        names: ownNames(hostNames),
      })
      const matches = await lookup(recipients)
      expect(new Set(matches.map((found) => found.kind === 'entry' && found.entry)).size).toBe(1)
    })

    it('looks up some hundred addresses at once and no more', async () => {
      let largest = 0
      const { lookup } = bomb((n) => `t${n}@remote.test`)
      const watched: Lookup = (addresses) => {
        largest = Math.max(largest, addresses.length)
        return lookup(addresses)
      }
      await expand(recipients, watched, many)
      expect(largest).toBeLessThanOrEqual(LOOKUP_ADDRESSES_MAX)
    })

    it('loses nobody to an alias that an original recipient failed with', async () => {
      const world = {
        accounts: ['bob'],
        aliases: { big: 'small r1@r.test r2@r.test r3@r.test r4@r.test', small: 'bob' },
      }
      expect(await expanded(world, 'big', 'small')).toEqual([
        'local bob <small>',
        'failed big too-many <big>',
      ])
    })
  })
})

describe('reach', () => {
  it('counts where one address leads in the end', async () => {
    const directory = await directoryOf({
      accounts: ['bob', 'carol'],
      disabled: ['eve'],
      aliases: { all: 'bob staff eve', staff: 'carol r@remote.test', gone: 'who', round: 'round' },
    })
    const reach = (text: string) => directory.reach(address(text))
    expect(await reach('all')).toEqual({ local: 2, remote: 1, failed: ['disabled'] })
    expect(await reach('bob')).toEqual({ local: 1, remote: 0, failed: [] })
    expect(await reach('x@remote.test')).toEqual({ local: 0, remote: 1, failed: [] })
    expect(await reach('gone')).toEqual({ local: 0, remote: 0, failed: ['unknown'] })
    expect(await reach('round')).toEqual({ local: 0, remote: 0, failed: ['loop'] })
  })
})
