// The secret behind the salts of accounts that do not exist. Made by whoever needs it first, and kept in the counters table
// without an end (item AUTH#SCRAM / secret), so that all processes give the same answers also after a restart.

import { randomBytes } from 'node:crypto'
import { ConditionFailed, type Table } from '#shared/storage/ports.ts'

const SECRET_BYTES = 32
const key = { pk: 'AUTH#SCRAM', sk: 'secret' }

/** Reads it once; a failure is not remembered. */
export function scramSecret(table: Table): () => Promise<Uint8Array> {
  let known: Promise<Uint8Array> | undefined
  return () => {
    known ??= readOrMake(table).catch((error: unknown) => {
      known = undefined
      throw error
    })
    return known
  }
}

async function readOrMake(table: Table): Promise<Uint8Array> {
  const stored = await read(table)
  if (stored !== undefined) return stored
  try {
    await table.write({
      put: { ...key, secret: randomBytes(SECRET_BYTES) },
      if: { absent: 'pk' },
    })
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error
  }
  const made = await read(table)
  if (made === undefined) throw new Error('the SCRAM secret is gone')
  return made
}

async function read(table: Table): Promise<Uint8Array | undefined> {
  // As a batch, like all that a login reads of this table: on AWS nothing else is allowed.
  const [item] = await table.batchGet([key], { consistent: true })
  return item?.secret instanceof Uint8Array ? item.secret : undefined
}
