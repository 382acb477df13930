// Which country an address is in, by a file in the MaxMind DB format (https://maxmind.github.io/MaxMind-DB/). Whoever gives the file
// vouches for it: it is read once, into memory.

import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { type CountryResponse, Reader } from 'mmdb-lib'
import { plainAddress } from './plain-address.ts'

/** ISO 3166-1, two capital letters; undefined where it is not known. */
export type CountryOf = (address: string) => string | undefined

/** Rejects when there is no such file, or it is no database of countries. */
export async function openCountryDatabase(path: string): Promise<CountryOf> {
  const reader = new Reader<CountryResponse>(await readFile(path))
  // What cannot be read is told now.
  reader.get('192.0.2.1')
  return (address) => {
    const [plain = ''] = plainAddress(address).split('%')
    if (isIP(plain) === 0) return undefined
    const { country, registered_country: registered } = reader.get(plain) ?? {}
    const code = (country ?? registered)?.iso_code
    return code !== undefined && /^[A-Z]{2}$/.test(code) ? code : undefined
  }
}
