// Keys of the API that every process has to know which answers it. Made when first asked for, in the `directory` table:
//
//   API   KEYS   cursor: 32 bytes that sign cursors

import { randomBytes } from 'node:crypto'
import { ConditionFailed, type Table } from '#shared/storage/ports.ts'

const key = { pk: 'API', sk: 'KEYS' } as const
const KEY_BYTES = 32

export async function openApiKeys(
  table: Pick<Table, 'get' | 'write'>,
): Promise<{ readonly cursorKey: Uint8Array }> {
  for (;;) {
    const item = await table.get(key, { consistent: true })
    if (item?.cursor instanceof Uint8Array) return { cursorKey: item.cursor }
    try {
      const cursor = new Uint8Array(randomBytes(KEY_BYTES))
      await table.write({ put: { ...key, cursor }, if: { absent: 'pk' } })
    } catch (error) {
      // Another process made it.
      if (!(error instanceof ConditionFailed)) throw error
    }
  }
}
