import { beforeAll, describe, expect, it } from 'vitest'
import { PART_BYTES } from '#shared/storage/aws/upload-memory.ts'
import type { Store } from '#shared/storage/ports.ts'
import { openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { chunksOf } from '#test/support/storage.ts'
import { describeObjectStore } from './object-store.ts'

describeObjectStore('aws', () => openAws({ withTables: false }), { slow: true })

describe('uploads around the size of a part', () => {
  const bytes = Buffer.alloc(2 * PART_BYTES + 1).map((_, index) => index % 251)
  let store: Store
  beforeAll(async () => {
    ;({ store } = await openAws({ withTables: false }))
    return () => store[Symbol.asyncDispose]()
  })

  const sizes = [PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 2 * PART_BYTES + 1]
  it.each(sizes)('keeps %i bytes, whole and in chunks that fit no part', async (size) => {
    const expected = bytes.subarray(0, size)
    for (const source of [expected, chunksOf(expected, 3_000_001)]) {
      await store.objects.delete('object')
      const put = await store.objects.put('object', source, { ifAbsent: true })
      expect(put).toEqual({ stored: true, bytes: size })
      expect(Buffer.compare((await store.objects.read('object')) ?? bytes, expected)).toBe(0)
    }
  })

  it('keeps the object that was there before an upload in parts', async () => {
    await store.objects.put('kept', Buffer.from('first'))
    const put = await store.objects.put('kept', bytes, { ifAbsent: true })
    expect(put).toEqual({ stored: false, bytes: bytes.byteLength })
    expect(Buffer.from((await store.objects.read('kept')) ?? []).toString()).toBe('first')
  })
})
