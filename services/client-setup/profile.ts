// A profile for iPhones, iPads and Macs (Apple's Configuration Profile Reference, com.apple.mail.managed): one account with IMAP, or with POP3
// where that alone is there, and SMTP.

import { createHash } from 'node:crypto'
import {
  bestServices,
  type ClientSetupSettings,
  type MailService,
} from '#shared/administration/client-setup/offered.ts'
import { element, escapeXml } from './xml.ts'

export type ProfileAccount = {
  readonly address: string
  /** '': it has none. */
  readonly displayName: string
  /** Undefined: the phone asks for one. */
  readonly password: string | undefined
  /** What the password is good for; undefined: everything. */
  readonly scopes: readonly string[] | undefined
}

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value }

/** Undefined: there is nothing to read mail by, or nothing to send it by. */
export function mailProfile(
  { address, displayName, password, scopes }: ProfileAccount,
  settings: ClientSetupSettings,
): string | undefined {
  const usable = bestServices(settings).filter(
    ({ protocol }) => scopes === undefined || scopes.includes(protocol),
  )
  const by = (protocol: MailService['protocol']) => usable.find((one) => one.protocol === protocol)
  const incoming = by('imap') ?? by('pop3')
  const outgoing = by('smtp')
  if (incoming === undefined || outgoing === undefined) return undefined
  const domain = address.slice(address.lastIndexOf('@') + 1)
  const organization = settings.clientSetupName || domain
  // The same for the same account: a second profile takes the place of the first.
  const identifier = `${domain.split('.').reverse().join('.')}.postwolke.${hashOf(address)}`
  const account = {
    PayloadType: 'com.apple.mail.managed',
    PayloadVersion: 1,
    PayloadIdentifier: `${identifier}.mail`,
    PayloadUUID: uuidOf(`mail ${address}`),
    PayloadDisplayName: address,
    EmailAccountType: incoming.protocol === 'imap' ? 'EmailTypeIMAP' : 'EmailTypePOP',
    EmailAccountDescription: address,
    ...(displayName !== '' && { EmailAccountName: displayName }),
    EmailAddress: address,
    ...serverOf('Incoming', incoming, address),
    ...serverOf('Outgoing', outgoing, address),
    ...(password === undefined
      ? { OutgoingPasswordSameAsIncomingPassword: true }
      : { IncomingPassword: password, OutgoingPassword: password }),
  }
  const profile = {
    PayloadType: 'Configuration',
    PayloadVersion: 1,
    PayloadIdentifier: identifier,
    PayloadUUID: uuidOf(address),
    PayloadDisplayName: `${organization}: ${address}`,
    PayloadOrganization: organization,
    PayloadContent: [account],
  }
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    plist(profile),
    '</plist>',
    '',
  ].join('\n')
}

/** With UseSSL a port of STARTTLS is spoken with by STARTTLS. */
const serverOf = (way: 'Incoming' | 'Outgoing', { host, port }: MailService, address: string) => ({
  [`${way}MailServerAuthentication`]: 'EmailAuthPassword',
  [`${way}MailServerHostName`]: host,
  [`${way}MailServerPortNumber`]: port,
  [`${way}MailServerUseSSL`]: true,
  [`${way}MailServerUsername`]: address,
})

function plist(value: Value): string {
  if (typeof value === 'string') return element('string', value)
  if (typeof value === 'number') return element('integer', value)
  if (typeof value === 'boolean') return value ? '<true/>' : '<false/>'
  if (isList(value)) return `<array>\n${value.map(plist).join('\n')}\n</array>`
  const entries = Object.entries(value).map(
    ([key, one]) => `<key>${escapeXml(key)}</key>\n${plist(one)}`,
  )
  return `<dict>\n${entries.join('\n')}\n</dict>`
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value)

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** RFC 9562 §5.8: made of what it names. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(`postwolke ${text}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes
    .toString('hex')
    .toUpperCase()
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
