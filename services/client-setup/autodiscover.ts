// Outlook's autodiscover: plain old XML (MS-OXDSCLI) with what IMAP, POP3 and SMTP need, and the JSON (v2) that leads to it. Nothing of
// Exchange is here, and nothing is said to be.

import { createHash } from 'node:crypto'
import {
  bestServices,
  type ClientSetupSettings,
  type MailService,
} from '#shared/administration/client-setup/offered.ts'
import { element, readTexts } from './xml.ts'

const RESPONSE = 'http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006'
export const OUTLOOK_RESPONSE =
  'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a'
const HEAD = '<?xml version="1.0" encoding="utf-8"?>'

export type AutodiscoverRequest = { readonly address: string; readonly schema: string }

/** MS-OXDSCLI §2.2.3: whose settings, and in which words. */
export function readAutodiscoverRequest(xml: string): AutodiscoverRequest | undefined {
  const texts = readTexts(xml)
  const address = texts?.get('EMailAddress')
  const schema = texts?.get('AcceptableResponseSchema')
  return address === undefined || schema === undefined ? undefined : { address, schema }
}

/** MS-OXDSCLI §2.2.4.1.1. `login` is the address as it was asked for: nobody looks whether there is one. */
export function autodiscoverDocument(login: string, settings: ClientSetupSettings): string {
  return [
    HEAD,
    `<Autodiscover xmlns="${RESPONSE}">`,
    `  <Response xmlns="${OUTLOOK_RESPONSE}">`,
    '    <Account>',
    `      ${element('AccountType', 'email')}`,
    `      ${element('Action', 'settings')}`,
    ...bestServices(settings).flatMap((service) => protocolLines(login, service)),
    '    </Account>',
    '  </Response>',
    '</Autodiscover>',
    '',
  ].join('\n')
}

function protocolLines(login: string, { protocol, host, port, security }: MailService) {
  return [
    '      <Protocol>',
    `        ${element('Type', protocol.toUpperCase())}`,
    `        ${element('Server', host)}`,
    `        ${element('Port', port)}`,
    `        ${element('LoginName', login)}`,
    `        ${element('DomainRequired', 'off')}`,
    `        ${element('SPA', 'off')}`,
    `        ${element('SSL', 'on')}`,
    // Where it stands it counts, and not SSL.
    `        ${element('Encryption', security === 'tls' ? 'SSL' : 'TLS')}`,
    `        ${element('AuthRequired', 'on')}`,
    ...(protocol === 'smtp'
      ? [`        ${element('UsePOPAuth', 'off')}`, `        ${element('SMTPLast', 'off')}`]
      : []),
    '      </Protocol>',
  ]
}

const errors = {
  500: 'The email address can’t be found.',
  600: 'Invalid Request',
  601: 'Provider is not available',
} as const

/** MS-OXDSCLI §2.2.4.1.2.1: with HTTP status 200, as programs expect it. */
export function autodiscoverError(
  code: keyof typeof errors,
  { host, now }: { readonly host: string; readonly now: Date },
): string {
  const time = now.toISOString().slice(11, 23)
  // A number of the server, for whoever looks for it.
  const id = createHash('sha256').update(host).digest().readUInt32BE(0)
  return [
    HEAD,
    `<Autodiscover xmlns="${RESPONSE}">`,
    '  <Response>',
    `    <Error Time="${time}" Id="${id}">`,
    `      ${element('ErrorCode', code)}`,
    `      ${element('Message', errors[code])}`,
    '      <DebugData />',
    '    </Error>',
    '  </Response>',
    '</Autodiscover>',
    '',
  ].join('\n')
}
