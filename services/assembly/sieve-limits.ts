// How much scripts may be and do, as the settings say it; the language itself is loaded by who needs it.

import type { Settings } from '#shared/settings/table.ts'
import type { ShelfLimits } from '#shared/sieve/shelf.ts'

export type SieveLimits = ShelfLimits & { readonly maxRedirects: number }

export const sieveLimitsOf = (settings: Settings): SieveLimits => ({
  scriptBytesMax: settings.sieveMaxScriptSize,
  scriptsMax: settings.sieveQuotaMaxScripts,
  storageBytesMax: settings.sieveQuotaMaxStorage,
  maxRedirects: settings.sieveMaxRedirects,
})
