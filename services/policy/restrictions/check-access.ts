// check_client_access and its like: what an access table says of the client, its HELO name, the sender, the recipient, the login or the
// certificate. They differ in what they ask for; what an answer means is the same for all (access/result.ts).

import { addressKeys, domainKeys, isSenderRouted } from '#shared/directory/access-questions.ts'
import type { AccessHit, AccessTables } from '#shared/directory/access-tables.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { parseTableRef, type TableRef } from '#shared/settings/restrictions/table-ref.ts'
import type { WordName } from '#shared/settings/restrictions/words.ts'
import { type Answer, createDecideResult } from '../access/result.ts'
import { type ClientName, clientNameOf } from '../client.ts'
import type { Known } from '../known.ts'
import type { Subject } from '../reply-form.ts'
import { dunno } from '../restriction.ts'
import { defineWord, type Word } from '../word.ts'

/** What a word asks a table; undefined where that is not known. */
type Ask = (known: Known, asked: Asked) => Promise<AccessHit | undefined> | undefined

type Asked = {
  readonly tables: AccessTables
  readonly table: TableRef
  readonly recipientDelimiter: string
}

function checkAccess(
  name: WordName,
  subject: Subject,
  ask: Ask,
  about: (known: Known) => Pick<Answer, 'neverPermits' | 'isSenderRouted'> = () => ({}),
): Word {
  return defineWord(name, (argument, deps) => {
    const table = tableOf(argument)
    const { accessTables: tables, settings } = deps
    const { recipientDelimiter } = settings
    const decideResult = createDecideResult(deps)
    return async (known) => {
      const hit = await ask(known, { tables, table, recipientDelimiter })
      if (hit === undefined) return dunno
      const from = `${name} ${argument}`
      return decideResult(known, { result: hit.result, from, subject, ...about(known) })
    }
  })
}

function tableOf(argument: string): TableRef {
  const table = parseTableRef(argument)
  if (typeof table === 'string') throw new Error(table)
  return table
}

/** The name and its parents, then the address and the networks around it. No name is looked up for a table without names. */
const askOfHost =
  (nameOf: (known: Known) => Promise<ClientName>): Ask =>
  async (known, { tables, table }) => {
    const hasNames = await tables.hasTexts(table)
    const byName = hasNames
      ? await tables.lookup(table, domainKeys(clientNameOf(await nameOf(known))))
      : undefined
    return byName ?? tables.lookupAddress(table, known.origin.remoteAddress)
  }

const check_client_access = checkAccess(
  'check_client_access',
  'client',
  askOfHost(({ client }) => client.name()),
)

/** Its owner writes into his DNS what he likes. */
const check_reverse_client_hostname_access = checkAccess(
  'check_reverse_client_hostname_access',
  'reverse client',
  askOfHost(({ client }) => client.reverseName()),
  () => ({ neverPermits: true }),
)

const check_helo_access = checkAccess('check_helo_access', 'helo', (known, asked) => {
  const { helo } = known.origin
  return helo === '' ? undefined : asked.tables.lookup(asked.table, domainKeys(helo))
})

const check_sender_access = checkAccess('check_sender_access', 'sender', (known, asked) => {
  const { sender } = known
  return sender === undefined
    ? undefined
    : asked.tables.lookup(asked.table, addressKeys(sender, asked.recipientDelimiter))
})

const check_recipient_access = checkAccess(
  'check_recipient_access',
  'recipient',
  ({ recipient }, { tables, table, recipientDelimiter }) =>
    recipient &&
    tables.lookup(table, addressKeys(formatAddress(recipient.address), recipientDelimiter)),
  ({ recipient }) => ({ isSenderRouted: isSenderRouted(recipient?.address.local ?? '') }),
)

/** ETRN is not offered here. */
const check_etrn_access = checkAccess('check_etrn_access', 'client', () => undefined)

const check_ccert_access = checkAccess(
  'check_ccert_access',
  'certificate',
  (known, { tables, table }) => {
    const keys = fingerprintsOf(known)
    return keys.length === 0 ? undefined : tables.lookup(table, keys)
  },
)

const check_sasl_access = checkAccess(
  'check_sasl_access',
  'login',
  ({ origin: { account } }, { tables, table }) =>
    account === null ? undefined : tables.lookup(table, [account.login]),
)

/** Of the certificate, then of its public key. */
export function fingerprintsOf({ origin: { tls } }: Known): readonly string[] {
  const certificate = tls?.clientCertificate
  if (!certificate) return []
  const { fingerprint, publicKeyFingerprint } = certificate
  return [fingerprint, ...(publicKeyFingerprint === undefined ? [] : [publicKeyFingerprint])]
}

export const checks = {
  check_client_access,
  check_reverse_client_hostname_access,
  check_helo_access,
  check_sender_access,
  check_recipient_access,
  check_etrn_access,
  check_ccert_access,
  check_sasl_access,
}
