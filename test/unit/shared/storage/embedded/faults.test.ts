// Faults below the ports, planted into the store file itself: found as what they are, and mended.

import { join } from 'node:path'
import { open } from 'lmdb'
import { describe, expect, it } from 'vitest'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const binary = { encoding: 'binary', keyEncoding: 'binary' } as const
const nothing = new Uint8Array(0)

type Raw = ReturnType<typeof open<Uint8Array, Uint8Array>>
type Databases = (name: string) => Raw

const all = (database: Raw) =>
  [...database.getRange()].map(({ key, value }) => [Buffer.from(key), Buffer.from(value)] as const)

/** A kind, what is done to the file, and whether it can be mended. */
const faults: readonly [string, string, (databases: Databases) => void, boolean][] = [
  [
    'index-entry-missing',
    'an index entry is gone',
    (of) => {
      for (const [key] of all(of('index/queue/due'))) of('index/queue/due').removeSync(key)
    },
    true,
  ],
  [
    'index-entry-missing',
    'an entry of expiry is gone',
    (of) => {
      for (const [key] of all(of('expiry/queue'))) of('expiry/queue').removeSync(key)
    },
    true,
  ],
  [
    'index-entry-stray',
    'an index names what is not there',
    (of) => of('index/queue/due').putSync(Buffer.from('DUE#1\0x\0a\0b'), Buffer.from('a\0b')),
    true,
  ],
  [
    'item-unreadable',
    'an item is no item',
    (of) => of('table/mail').putSync(Buffer.from('F#x\0M#1'), Buffer.from([0x81])),
    false,
  ],
  [
    'object-file-stray',
    'a file is filed as that of nothing',
    (of) => of('object-files').putSync(Buffer.alloc(32, 'a'), Buffer.from('mail/none')),
    true,
  ],
  [
    'object-file-stray',
    'a file is not filed',
    (of) => {
      for (const [key] of all(of('object-files'))) of('object-files').removeSync(key)
    },
    true,
  ],
  [
    'object-bytes-stray',
    'bytes of no object',
    (of) => of('object-contents').putSync(Buffer.from('mail/none'), Buffer.from('x')),
    true,
  ],
  [
    'object-bytes-length',
    'fewer bytes than were stored',
    (of) => of('object-contents').putSync(Buffer.from('mail/small'), Buffer.from('x')),
    false,
  ],
  [
    'object-bytes-missing',
    'bytes are gone',
    (of) => of('object-contents').removeSync(Buffer.from('mail/small')),
    false,
  ],
  [
    'bell-order',
    'a bell will never ring',
    (of) => {
      for (const [key] of all(of('queue-visible'))) of('queue-visible').removeSync(key)
    },
    true,
  ],
  [
    'bell-order',
    'something rings for nothing',
    (of) => of('queue-visible').putSync(Buffer.from('active\0\0\0\0\0\0\x01x'), nothing),
    true,
  ],
]

async function kindsIn(directory: string, { mend = false } = {}): Promise<readonly string[]> {
  await using store = await openEmbeddedStore({ directory })
  const kinds: string[] = []
  const mends: (() => Promise<unknown>)[] = []
  for await (const fault of store.faults()) {
    kinds.push(fault.kind)
    if (fault.mend !== undefined) mends.push(fault.mend)
  }
  if (mend) for (const one of mends) await one()
  return kinds
}

describe('a store whose parts do not fit', () => {
  it.each(faults)('has %s: %s', async (kind, _, plant, isMended) => {
    await using folder = await temporaryFolder()
    const directory = folder.path
    {
      await using store = await openEmbeddedStore({ directory })
      const due = { duePk: 'DUE#1', dueSk: '1', ttl: 4_000_000_000 }
      await store.tables.queue.write({ put: { pk: 'Q#1', sk: 'META', ...due } })
      await store.objects.put('mail/small', Buffer.from('small'))
      await store.objects.put('mail/large', Buffer.alloc(70_000))
      await store.queues.incoming.send(['bell'])
    }
    expect(await kindsIn(directory)).toEqual([])
    const raw = open<Uint8Array, Uint8Array>({
      path: join(directory, 'store.mdb'),
      noSubdir: true,
      maxDbs: 64,
      ...binary,
    })
    plant((name) => raw.openDB<Uint8Array, Uint8Array>({ name, ...binary }) as Raw)
    await raw.close()
    expect(await kindsIn(directory, { mend: true })).toContain(kind)
    expect(await kindsIn(directory)).toEqual(isMended ? [] : [kind])
  })
})
