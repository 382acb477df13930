import { isIP } from 'node:net'
import { dunno, permit } from '../restriction.ts'
import { defineWord } from '../word.ts'

/** An address in HELO without the brackets that RFC 5321 §4.1.3 wants around it. */
export const permit_naked_ip_address = defineWord(
  'permit_naked_ip_address',
  () =>
    ({ origin }) =>
      isIP(origin.helo) === 0 ? dunno : permit,
)
