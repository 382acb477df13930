// The database of countries that a setting names.

import { type CountryOf, openCountryDatabase } from '#shared/net/country-database.ts'
import type { Settings } from '#shared/settings/table.ts'
import { explained } from './start-failure.ts'

/** Undefined where none is named. Rejects with a StartFailure when it cannot be used. */
export async function openCountries({
  geoipDatabase: path,
}: Pick<Settings, 'geoipDatabase'>): Promise<CountryOf | undefined> {
  if (path === '') return undefined
  return explained('cannot use geoipDatabase', openCountryDatabase(path))
}
