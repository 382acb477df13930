// Kinds of settings about what mail programs are told.

import type { Kind } from './setting.ts'

/** Listeners that programs of people speak with. */
export const clientServices = [
  'submissions',
  'submission',
  'imaps',
  'imap',
  'pop3s',
  'pop3',
  'managesieve',
  'https',
] as const
export type ClientService = (typeof clientServices)[number]

export type SeenPort = { readonly service: ClientService; readonly port: number }

const PORT_MAX = 65_535

export const seenPorts: Kind<readonly SeenPort[]> = {
  name: 'ports',
  allowed: `entries such as imaps=993, separated by blanks, of ${clientServices.join(', ')}`,
  list: true,
  parse(value) {
    const words = value.split(/[\s,]+/).filter((word) => word !== '')
    if (words.length > clientServices.length) return undefined
    const ports = words.flatMap((word) => {
      const [, name, digits] = /^([a-z0-9]{1,20})=([0-9]{1,5})$/.exec(word) ?? []
      const service = clientServices.find((one) => one === name)
      const port = Number(digits)
      return service !== undefined && port > 0 && port <= PORT_MAX ? [{ service, port }] : []
    })
    const isSound =
      ports.length === words.length &&
      new Set(ports.map(({ service }) => service)).size === ports.length
    return isSound ? ports : undefined
  },
  format: (value) => value.map(({ service, port }) => `${service}=${port}`).join(' '),
}

const CONTACT_CHARACTERS_MAX = 500

/** RFC 9116 §2.5.3: a web address over TLS, or one of mail or telephone. */
export const contact: Kind<string> = {
  name: 'contact',
  allowed: 'an address that begins with https://, mailto: or tel:, or nothing',
  parse: (value) =>
    value === '' ||
    (value.length <= CONTACT_CHARACTERS_MAX &&
      /^(?:https:\/\/|mailto:|tel:)[\x21-\x7e]+$/.test(value))
      ? value
      : undefined,
  format: (value) => value,
}
