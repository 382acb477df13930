// What CAPABILITY lists in each state: nothing is advertised where it does not hold.

import { clearPasswordsAllowed } from '#shared/sasl/clear-text.ts'
import { type Mechanism, offeredMechanisms } from '#shared/sasl/sasl-exchange.ts'
import type { Session } from './session.ts'

/** Those that hold after the login as well as in a selected mailbox. A transcript shows each (test/style). */
export const authenticatedCapabilities = [
  'IDLE',
  'NAMESPACE',
  'UNSELECT',
  'CHILDREN',
  'ENABLE',
  'ID',
  'UIDPLUS',
  'MOVE',
  'COMPRESS=DEFLATE',
  'UTF8=ACCEPT',
  'LIST-EXTENDED',
  'LIST-STATUS',
  'SPECIAL-USE',
  'CREATE-SPECIAL-USE',
  'STATUS=SIZE',
  'QUOTA',
  'QUOTA=RES-STORAGE',
  'QUOTA=RES-MESSAGE',
  'MULTIAPPEND',
  'CATENATE',
  'URL-PARTIAL',
  'REPLACE',
  'UNAUTHENTICATE',
  'ESEARCH',
  'SEARCHRES',
  'WITHIN',
  'SORT',
  'SORT=DISPLAY',
  'ESORT',
  'THREAD=REFERENCES',
  'THREAD=ORDEREDSUBJECT',
  'I18NLEVEL=1',
  'INPROGRESS',
  'MULTISEARCH',
  'CONTEXT=SEARCH',
  'METADATA',
  'ACL',
  // RFC 4314 §2.2: the rights that RFC 2086 did not have.
  'RIGHTS=texk',
  'NOTIFY',
  'LIST-METADATA',
  'LIST-MYRIGHTS',
  'BINARY',
  'PREVIEW',
  'SAVEDATE',
  'OBJECTID',
  'PARTIAL',
  'UIDONLY',
  'CONDSTORE',
  'QRESYNC',
  'FILTER=SIEVE',
] as const

const always = ['IMAP4rev1', 'IMAP4rev2', 'SASL-IR', 'LITERAL+', 'ID', 'ENABLE'] as const

export function advertise(session: Session): string {
  const { state, transport } = session
  if (state.kind === 'not-authenticated') {
    const starttls = transport.security === 'clear' && transport.tlsAvailable ? ['STARTTLS'] : []
    const passwords = mayLogIn(session) ? [] : ['LOGINDISABLED']
    const logins = [...passwords, ...mechanisms(session).map((name) => `AUTH=${name}`)]
    return [...always, ...starttls, ...logins].join(' ')
  }
  const { messageLimit, messageSizeLimit, sieveUrl } = session.deps.options
  const names = new Set<string>([...always, ...authenticatedCapabilities])
  names.add(`APPENDLIMIT=${messageSizeLimit}`)
  names.add(`MESSAGELIMIT=${messageLimit}`)
  names.add(`SAVELIMIT=${messageLimit}`)
  // RFC 6785 §2.1: where scripts are managed.
  if (sieveUrl !== null) names.add(`IMAPSIEVE=${sieveUrl}`)
  if (transport.compressed) names.delete('COMPRESS=DEFLATE')
  return [...names].join(' ')
}

export function mechanisms(session: Session): readonly Mechanism[] {
  const { channelBindings } = session.transport
  const { authMechanisms: allowed } = session.deps.options
  return offeredMechanisms({ allowed, passwordsAllowed: mayLogIn(session), channelBindings })
}

/** Whether passwords may cross this connection (RFC 9051 §11.1). */
export function mayLogIn({ transport, deps }: Session): boolean {
  if (transport.security === 'tls') return true
  return clearPasswordsAllowed(deps.options.disablePlaintextAuth, transport.remoteAddress)
}
