// check_sender_mx_access and its like: what an access table says of the addresses, mail servers or name servers of a domain
// (servers.ts). Whoever has the domain writes into its DNS what he likes, so that a table permits nobody for that.

import { domainKeys } from '#shared/directory/access-questions.ts'
import { parseAddress } from '#shared/mail/address.ts'
import { parseTableRef } from '#shared/settings/restrictions/table-ref.ts'
import type { WordName } from '#shared/settings/restrictions/words.ts'
import { createDecideResult } from '../access/result.ts'
import type { ClientName } from '../client.ts'
import { withoutRoot } from '../host-name.ts'
import type { Known } from '../known.ts'
import type { Subject } from '../reply-form.ts'
import { dunno } from '../restriction.ts'
import { findServerEntry, type ServerKind } from '../servers.ts'
import { defineWord, type Word } from '../word.ts'

/** Whose servers; undefined where that is not known. */
type DomainOf = (known: Known) => string | undefined | Promise<string | undefined>

function checkServers(
  name: WordName,
  kind: ServerKind,
  subject: Subject,
  domainOf: DomainOf,
): Word {
  return defineWord(name, (argument, deps) => {
    const table = parseTableRef(argument)
    if (typeof table === 'string') throw new Error(table)
    const { accessTables } = deps
    const decideResult = createDecideResult(deps)
    const from = `${name} ${argument}`
    const ask = {
      name: (host: string) => accessTables.lookup(table, domainKeys(host)),
      address: (address: string) => accessTables.lookupAddress(table, address),
    }
    return async (known) => {
      const domain = await domainOf(known)
      if (domain === undefined) return dunno
      const entry = await findServerEntry(domain, kind, known.dns, ask)
      switch (entry.kind) {
        case 'hit':
          return decideResult(known, {
            result: entry.hit.result,
            from,
            subject,
            neverPermits: true,
          })
        case 'none':
          return dunno
        case 'failure':
          return { kind: 'warn', text: `${from}: ${entry.host}: ${entry.reason}` }
      }
    }
  })
}

const nameIn = (found: ClientName) => (found.kind === 'found' ? found.name : undefined)

const ofClient: DomainOf = async ({ client }) => nameIn(await client.name())
const ofReverseClient: DomainOf = async ({ client }) => nameIn(await client.reverseName())
/** Deliberately unlike Postfix: a dot at its end is no way round a table. */
const ofHelo: DomainOf = ({ origin: { helo } }) => withoutRoot(helo) || undefined
const ofSender: DomainOf = ({ sender }) => {
  const address = sender ? parseAddress(sender) : undefined
  return address?.domain
}
const ofRecipient: DomainOf = ({ recipient }) => recipient?.address.domain

export const serverChecks = {
  check_client_a_access: checkServers('check_client_a_access', 'a', 'client', ofClient),
  check_client_mx_access: checkServers('check_client_mx_access', 'mx', 'client', ofClient),
  check_client_ns_access: checkServers('check_client_ns_access', 'ns', 'client', ofClient),
  check_reverse_client_hostname_a_access: checkServers(
    'check_reverse_client_hostname_a_access',
    'a',
    'reverse client',
    ofReverseClient,
  ),
  check_reverse_client_hostname_mx_access: checkServers(
    'check_reverse_client_hostname_mx_access',
    'mx',
    'reverse client',
    ofReverseClient,
  ),
  check_reverse_client_hostname_ns_access: checkServers(
    'check_reverse_client_hostname_ns_access',
    'ns',
    'reverse client',
    ofReverseClient,
  ),
  check_helo_a_access: checkServers('check_helo_a_access', 'a', 'helo', ofHelo),
  check_helo_mx_access: checkServers('check_helo_mx_access', 'mx', 'helo', ofHelo),
  check_helo_ns_access: checkServers('check_helo_ns_access', 'ns', 'helo', ofHelo),
  check_sender_a_access: checkServers('check_sender_a_access', 'a', 'sender', ofSender),
  check_sender_mx_access: checkServers('check_sender_mx_access', 'mx', 'sender', ofSender),
  check_sender_ns_access: checkServers('check_sender_ns_access', 'ns', 'sender', ofSender),
  check_recipient_a_access: checkServers('check_recipient_a_access', 'a', 'recipient', ofRecipient),
  check_recipient_mx_access: checkServers(
    'check_recipient_mx_access',
    'mx',
    'recipient',
    ofRecipient,
  ),
  check_recipient_ns_access: checkServers(
    'check_recipient_ns_access',
    'ns',
    'recipient',
    ofRecipient,
  ),
}
