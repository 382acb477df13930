// Names of mail hosts as a policy of MTA-STS has them (RFC 8461 §4.1): a name, or `*.` before one for any one label.

import { hostName } from './address-kinds.ts'
import type { Kind } from './setting.ts'

/** A policy is a small text, and a domain has a few mail hosts. */
const PATTERNS_MAX = 100

export const mailHostPatterns: Kind<readonly string[]> = {
  name: 'mail hosts',
  allowed: 'full host names, or *. and one, separated by commas or spaces, or nothing',
  list: true,
  parse(text) {
    const patterns = text.split(/[\s,]+/).filter((word) => word !== '')
    const read = patterns.map((pattern) => {
      const isWild = pattern.startsWith('*.')
      const name = hostName.parse(isWild ? pattern.slice(2) : pattern)
      return name === undefined ? undefined : `${isWild ? '*.' : ''}${name}`
    })
    const sound = read.filter((pattern) => pattern !== undefined)
    return sound.length === patterns.length && sound.length <= PATTERNS_MAX ? sound : undefined
  },
  format: (value) => value.join(', '),
}
