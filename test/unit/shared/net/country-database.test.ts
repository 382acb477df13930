import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openCountryDatabase } from '#shared/net/country-database.ts'
import { countryDatabase } from '#test/support/country-database.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

async function open(bytes: Buffer) {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'countries.mmdb')
  await writeFile(path, bytes)
  return await openCountryDatabase(path)
}

describe('a database of countries', () => {
  it('knows the country of an address, also of one in IPv6 clothes', async () => {
    const countryOf = await open(
      countryDatabase({ '192.0.2.0/24': 'DE', '198.51.100.0/25': 'FR', '203.0.113.7': 'xx' }),
    )
    expect(countryOf('192.0.2.200')).toBe('DE')
    expect(countryOf('::ffff:192.0.2.1')).toBe('DE')
    expect(countryOf('198.51.100.1')).toBe('FR')
    expect(countryOf('198.51.100.200')).toBeUndefined()
    // No code of a country.
    expect(countryOf('203.0.113.7')).toBeUndefined()
    expect(countryOf('no address')).toBeUndefined()
  })

  it('is refused where the file is none', async () => {
    await expect(open(Buffer.from('no database'))).rejects.toThrow()
  })
})
